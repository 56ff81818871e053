/** Tables are one thing in three renderings: the page, Markdown and the terminal. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Chalk } from 'chalk';
import { PNG } from 'pngjs';
import { WORDING } from '../../src/cli/command-text.ts';
import { tableText } from '../../src/cli/table.ts';
import { type EvaluationRecord, nameOfAttack } from '../../src/evaluation/index.ts';
import { attackTable, minimalTable, targetTable } from '../../src/report/attack-tables.ts';
import { buildReport, exampleGrids } from '../../src/report/index.ts';
import { testTable } from '../../src/report/tables.ts';
import { smallRecord } from './records.ts';

const terminal = { color: new Chalk({ level: 0 }) };

describe('tables', () => {
  let record: EvaluationRecord;
  before(async () => {
    record = await smallRecord();
  });

  it('of the terminal show the interval of every rate and mark attacks without gradient', () => {
    const lines = tableText(attackTable(record), terminal).split('\n');
    const naive = lines.find((line) => /^fgsm +Linf +0\.05 +softmax/.test(line)) ?? '';
    assert.match(naive, /\d+\.\d ±\d+\.\d +\d+\.\d ±\d+\.\d\?$/);
    const margin = lines.find((line) => /^fgsm +Linf +0\.05 +margin/.test(line)) ?? '';
    assert.doesNotMatch(margin, /\?/);
    // Numbers are aligned: the sign stands in one column.
    const columns = (line: string) => [...line.matchAll(/±/g)].map(({ index }) => index);
    assert.deepEqual(columns(naive), columns(margin));
    for (const line of lines) assert.ok(line.length <= 80, line);
    assert.match(tableText(minimalTable(record), terminal), /100\.0 ±\d\.\d/);
  });

  it('say the same in all three renderings', async () => {
    const { files } = await buildReport([record], WORDING);
    const [html, markdown] = ['index.html', 'report.md'].map((name) => String(files.get(name)));
    for (const { columns, rows, id } of [
      attackTable(record),
      minimalTable(record),
      testTable(record),
    ]) {
      assert.match(html, new RegExp(`<table id="table-${id}"`));
      assert.ok(rows.length > 0);
      for (const cell of rows.flat()) {
        assert.ok(html.includes(cell.text.replace(/ %/g, '\u00a0%')) || html.includes(cell.text));
        assert.ok(markdown.includes(cell.text), cell.text);
      }
      assert.ok(columns.every((column) => markdown.includes(column)));
    }
  });

  it('tell attacks apart that differ only in options, as shortly as they can', () => {
    const [first] = record.attacks.filter(({ model }) => model === 'baseline');
    const twin = (steps: number, restarts: number) => ({
      ...first,
      attack: 'pgd',
      loss: 'margin' as const,
      options: { steps, stepSize: (2.5 * 0.05) / steps, restarts, sparsity: 0.05 },
    });
    const attacks = [twin(40, 1), twin(100, 1), twin(100, 5)];
    const briefs = attackTable({ ...record, attacks, worstCases: [] }).rows.map(
      ([{ brief }]) => brief,
    );
    assert.deepEqual(briefs, ['pgd', 'pgd steps=100', 'pgd steps=100 restarts=5']);
    assert.deepEqual(attacks.map(nameOfAttack), [
      'pgd Linf 0.05 margin',
      'pgd Linf 0.05 margin steps=100',
      'pgd Linf 0.05 margin steps=100 restarts=5',
    ]);
  });

  it('show nothing of targets where there are none', () => {
    assert.deepEqual(targetTable(record).rows, []);
  });
});

describe('pictures of examples', () => {
  it('have originals above attacked images, each with its class, one file an attack', async () => {
    const record = await smallRecord();
    const grids = exampleGrids(record);
    assert.equal(grids.size, record.attacks.length);
    const file = grids.get('student-fgsm-Linf-0.2-margin.png');
    const png = PNG.sync.read(Buffer.from(file as Uint8Array));
    // Two bands of twelve images of 25 x 1 pixels with a strip of 9 below, enlarged by 3.
    assert.deepEqual([png.width, png.height], [12 * (25 * 3 + 6) + 6, 4 * (10 * 3 + 6) + 6]);
  });
});

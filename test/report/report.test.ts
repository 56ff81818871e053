import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { WORDING } from '../../src/cli/command-text.ts';
import type { EvaluationRecord } from '../../src/evaluation/index.ts';
import { buildReport, readRecord } from '../../src/report/index.ts';
import { smallRecord } from './records.ts';

const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\`|*_[a](b)`;

/** The record with every text in it replaced, as an attacker of the reader would. */
function hostile(record: EvaluationRecord): EvaluationRecord {
  const closed = new Set([
    'schema',
    'norm',
    'budget',
    'loss',
    'severity',
    'kind',
    'images',
    'startedAt',
  ]);
  const infect = (value: unknown, key = ''): unknown => {
    if (Array.isArray(value)) return value.map((one) => infect(one, key));
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).map(([name, one]) => [name, infect(one, name)]);
      return Object.fromEntries(entries);
    }
    if (typeof value !== 'string' || closed.has(key)) return value;
    return key === 'model' || key === 'name' || key === 'first' || key === 'second'
      ? `${value}${HOSTILE}`
      : HOSTILE;
  };
  const infected = infect(record) as EvaluationRecord;
  return {
    ...infected,
    worstCases: record.worstCases.map((one) => ({ ...one, model: `${one.model}${HOSTILE}` })),
  };
}

describe('a report', () => {
  let record: EvaluationRecord;
  before(async () => {
    record = await smallRecord();
  });
  const pageOf = async (...records: EvaluationRecord[]) =>
    String((await buildReport(records, WORDING)).files.get('index.html'));

  it('is the same to the byte when made twice', async () => {
    const [first, second] = [
      await buildReport([record], WORDING),
      await buildReport([record], WORDING),
    ];
    assert.deepEqual([...first.files.keys()], [...second.files.keys()]);
    for (const [name, content] of first.files)
      assert.deepEqual(second.files.get(name), content, name);
  });

  it('has every section, every chart as SVG and PNG, and stays below 1.5 MB', async () => {
    const { files, notes } = await buildReport([record], WORDING);
    const html = String(files.get('index.html'));
    for (const id of [
      'verdict',
      'accuracy',
      'robustness',
      'digits-section',
      'gradients',
      'logits',
      'minimal',
      'confusion',
      'repeat',
    ]) {
      assert.match(html, new RegExp(`<details class="section" id="${id}"`));
    }
    assert.ok(html.length < 1_500_000, `${html.length}`);
    const charts = [...files.keys()].filter((name) => name.endsWith('.svg'));
    assert.ok(charts.length >= 8, charts.join());
    assert.deepEqual(notes, ['there is no playground: it needs example images and a model folder']);
    assert.doesNotMatch(html, /playground\.html/);
    for (const name of charts) {
      const png = files.get(name.replace(/svg$/, 'png')) as Uint8Array;
      assert.equal(Buffer.from(png.subarray(1, 4)).toString(), 'PNG');
    }
  });

  it('asks the network for nothing, and says so to the browser', async () => {
    const html = await pageOf(record);
    assert.match(html, /http-equiv="Content-Security-Policy" content="default-src 'none';/);
    assert.doesNotMatch(html, /unsafe-(inline|eval)/);
    assert.doesNotMatch(html, /(src|href)="(?!data:image|#|results\.json")/);
    assert.doesNotMatch(html, / style="| on[a-z]+="/);
    assert.doesNotMatch(html, /url\(|@import/);
  });

  it('names the vanished gradient in its summary', async () => {
    const { files } = await buildReport([record], WORDING);
    const { summary } = JSON.parse(String(files.get('results.json')));
    assert.match(summary[0], /^On 60 test images the accuracy of the student is 100\.00 %/);
    assert.match(
      summary[1],
      /seems to keep .*no evidence: the gradient of this loss is exactly zero on/,
    );
    assert.match(summary[2], /^In the worst case over all attacks/);
  });

  it('begins its curves at the accuracy on the images that were attacked', async () => {
    const [first, ...others] = record.models;
    const labels = record.data.labels.map((label, i) => (i < 40 ? label : (label + 1) % 6));
    const predicted = record.data.labels.map((label, i) => (i < 10 ? (label + 1) % 6 : label));
    const mixed = { ...record, data: { ...record.data, labels } };
    const html = await pageOf({ ...mixed, models: [{ ...first, predicted }, ...others] });
    assert.match(html, /no attack: 75\.00\u00a0%/);
  });

  it('lets no text of a record become markup', async () => {
    const { files } = await buildReport([hostile(record)], WORDING);
    const html = String(files.get('index.html'));
    assert.equal(html.match(/<script/g)?.length, 2, 'the page has two scripts of its own');
    assert.doesNotMatch(html, /<img/);
    for (const [name, content] of files) {
      assert.match(name, /^[\w./-]+$/);
      assert.doesNotMatch(name, /\.\./);
      if (name.endsWith('.svg')) assert.doesNotMatch(String(content), /<script|<img/, name);
    }
    const markdown = String(files.get('report.md')).replace(/```sh\n[\s\S]*?\n```+/g, '');
    assert.doesNotMatch(markdown, /<script|<img/);
    assert.doesNotMatch(markdown, /(?<!\\)\]\(/);
  });

  it('says what a record lacks instead of failing', async () => {
    const [first] = record.models;
    const poorer: [RegExp, EvaluationRecord][] = [
      [/No attack was run/, { ...record, attacks: [], worstCases: [] }],
      [
        /There is one model/,
        {
          ...record,
          models: [first],
          attacks: record.attacks.filter(({ model }) => model === first.name),
          tests: [],
        },
      ],
      [
        /may have been interrupted/,
        { ...record, attacks: record.attacks.slice(0, 3), worstCases: [] },
      ],
      [
        /no example images/,
        {
          ...record,
          data: { ...record.data, examples: undefined },
          attacks: record.attacks.map(({ examples, ...attack }) => attack),
        },
      ],
      [
        /Input gradients were not all measured/,
        { ...record, models: record.models.map((model) => ({ ...model, gradients: [] })) },
      ],
      [/No training curves/, record],
      [/holds no model/, { ...record, models: [], attacks: [], worstCases: [], tests: [] }],
    ];
    for (const [line, poor] of poorer) assert.match(await pageOf(poor), line);
  });

  it('joins records of the same images, and refuses others', async () => {
    const attacks = record.attacks.filter(({ eps }) => eps === 0.05);
    const rest = record.attacks.filter(({ eps }) => eps !== 0.05);
    const joined = await pageOf({ ...record, attacks: rest }, { ...record, attacks });
    assert.match(joined, /0\.05<\/span>/);
    const foreign = { ...record, data: { ...record.data, digest: 'another' } };
    await assert.rejects(buildReport([record, foreign], WORDING), { code: 'foreign-record' });
    const models = record.models.map((model) => ({ ...model, digest: 'another' }));
    await assert.rejects(buildReport([record, { ...record, models }], WORDING), {
      code: 'foreign-record',
    });
  });
});

describe('a record file', () => {
  it('that is missing, damaged or of a newer schema is refused in one line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'distill-report-'));
    const path = join(folder, 'evaluation.json');
    await assert.rejects(readRecord(path), { code: 'no-record', exitCode: 2 });
    const newer = JSON.stringify({ ...(await smallRecord()), schema: 'distill-record/99' });
    for (const text of ['', '{"schema":', 'null', '{}', newer, newer.slice(0, 400)]) {
      await writeFile(path, text);
      await assert.rejects(readRecord(path), (error: Error & { code: string }) => {
        assert.equal(error.code, 'bad-record');
        assert.doesNotMatch(error.message, /\n/);
        assert.ok(error.message.startsWith(path));
        return true;
      });
    }
    await writeFile(path, newer);
    await assert.rejects(readRecord(path), /distill-record\/99, this program reads/);
    await rm(folder, { recursive: true });
  });
});

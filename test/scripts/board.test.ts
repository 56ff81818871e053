/** The board, from records by hand: what it counts, what it marks, and that it repeats to the byte. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { atlasSentence, boardMarkdown, boardOf } from '../../scripts/board/board.ts';
import { entriesOf, type RunWithRecord } from '../../scripts/board/entries.ts';
import { type EvaluationRecord, mcnemar, rateOf } from '../../src/evaluation/index.ts';
import type { KeptRun } from '../../src/experiments/index.ts';
import { keepRun } from '../../src/experiments/run-store.ts';
import { handmade } from '../report/handmade.ts';

const root = join(import.meta.dirname, '..', '..');
const digestOf = (method: string, seed: number) => `${method}-${seed}`.padEnd(64, '0');

/** A training and the evaluation of its model, of whose eight images those in `kept` stay right. */
function measured(
  method: 'none' | 'defensive' | 'ard' | 'rslad',
  seed: number,
  kept: readonly number[],
  { attack = 'autoattack', more = {} }: { attack?: string; more?: KeptRun['configuration'] } = {},
): RunWithRecord[] {
  const role = method === 'none' ? 'baseline' : 'student';
  const digest = digestOf(method, seed);
  const robust = method === 'ard' || method === 'rslad';
  const run = {
    schema: 'distill-kept-run/1' as const,
    program: 'distill test',
    command: ['test'],
    startedAt: '2026-01-01T00:00:00.000Z',
    seconds: 10 * seed,
    engine: { name: 'cpu', instructionSet: 'javascript' },
    outcome: 'done' as const,
    metrics: {},
    files: {},
  };
  const configuration = {
    ...{ data: 'mnist', seed, epochs: 4, temperature: method === 'defensive' ? 40 : 1 },
    ...(robust && { attackEps: 0.3 }),
    ...(method === 'rslad' && { method }),
    ...more,
  };
  const training = {
    ...run,
    id: `t-${method}-${seed}`,
    kind: `train-${role}`,
    configuration,
    digests: { [role]: digest },
  };
  const { labels } = handmade.data;
  const [model] = handmade.models;
  const strong = handmade.attacks.find((one) => one.attack === 'pgd' && one.eps === 0.3);
  assert.ok(strong);
  const record: EvaluationRecord = {
    ...handmade,
    configuration: { data: 'mnist', samples: 8 },
    models: [
      {
        ...{ ...model, name: 'm', digest, predicted: [...labels], accuracy: rateOf(8, 8) },
        perClass: [rateOf(2, 2), rateOf(3, 3), rateOf(3, 3)],
        confusion: [
          [2, 0, 0],
          [0, 3, 0],
          [0, 0, 3],
        ],
      },
    ],
    attacks: [
      {
        ...strong,
        ...{ model: 'm', attack, robust: rateOf(kept.length, 8) },
        success: labels.map((_, i) => !kept.includes(i)),
        predicted: labels.map((label, i) => (kept.includes(i) ? label : (label + 1) % 3)),
      },
    ],
    certificates: [
      {
        ...{ model: 'm', norm: 'Linf', eps: 0.3, seconds: 1, certified: rateOf(2, 8) },
        outcomes: labels.map((_, i) => (i < 2 ? 'certified' : 'open')),
      },
    ],
    ...{ worstCases: [], tests: [], flags: [], verdicts: [], gates: [] },
  };
  const evaluation = {
    ...run,
    id: `e-${method}-${seed}`,
    kind: 'evaluate',
    configuration: {},
    digests: {},
  };
  return [{ run: training }, { run: evaluation, record }];
}

const seeds = [1, 2, 3];
const runs = [
  ...measured('none', 1, []),
  ...seeds.flatMap((seed) => measured('defensive', seed, [0])),
  ...seeds.flatMap((seed) => measured('ard', seed, [0, 1, 2, 3])),
  ...seeds.flatMap((seed) => measured('rslad', seed, [1, 2, 3, 4, 5, 6])),
];
const board = boardOf(entriesOf(runs));
const [mnist] = board.sections;
const table = (id: string) => {
  const found = mnist.tables.find((one) => one.id === id);
  assert.ok(found, id);
  return found;
};

describe('the board', () => {
  it('has a row a method, the most robust first, with means over seeds', () => {
    const rows = table('mnist').rows.map((row) => row.map(({ text }) => text));
    assert.deepEqual(
      rows.map((row) => [row[0], row[1], row[3], row[6]]),
      [
        ['rslad', '1, 2, 3', '75.00 %', '20'],
        ['ard', '1, 2, 3', '50.00 %', '20'],
        ['defensive distillation, T = 40', '1, 2, 3', '12.50 %', '20'],
        ['none (baseline)', '1', '0.00 %', '10'],
      ],
    );
    assert.deepEqual([rows[0][4], rows[0][5]], ['AutoAttack, 8 images', '25.00 %']);
    assert.equal(rows[0][7], 'rslad-10 rslad-20 rslad-30');
  });

  it('tests distilled methods in pairs over all their seeds', () => {
    const rows = table('mnist-tests').rows.map((row) => row.map(({ text }) => text));
    assert.equal(rows.length, 3);
    const [row] = rows.filter(([first, second]) => first === 'ard' && second === 'rslad');
    // ard alone keeps image 0, rslad alone 4, 5 and 6; of each three seeds.
    assert.deepEqual(row.slice(2, 6), ['3', '3', '9', mcnemar(3, 9).toPrecision(2)]);
  });

  it('marks what was published elsewhere, and attacks that are not AutoAttack', () => {
    assert.match(table('mnist-published').caption, /not measured here/);
    const weak = boardOf(entriesOf(measured('none', 1, [0], { attack: 'pgd' })));
    assert.match(boardMarkdown(weak), /not AutoAttack: pgd, 8 images/);
  });

  it('tells recipes of one method apart', () => {
    const longer = measured('ard', 4, [0, 1], { more: { epochs: 9 } });
    const names = boardOf(entriesOf([...runs, ...longer])).sections[0].tables[0].rows.map(
      ([{ text }]) => text,
    );
    assert.ok(names.includes('ard (epochs 9)') && names.includes('ard (epochs 4)'), names.join());
  });

  it('says what network distillation is worth, and for which method', () => {
    const entries = entriesOf(runs);
    assert.match(
      atlasSentence(entries) ?? '',
      /"network distillation".*T = 40 keeps 12\.5 % .* keeps 0\.0 %, and rslad, .* keeps 75\.0 %/,
    );
    assert.equal(
      atlasSentence(entriesOf(measured('none', 1, []))),
      undefined,
      'not said by one row',
    );
  });

  it('does not depend on the order of the runs', () => {
    assert.equal(boardMarkdown(boardOf(entriesOf([...runs].reverse()))), boardMarkdown(board));
  });

  it('takes no model whose training is not known', () => {
    const [, evaluation] = measured('ard', 1, [0]);
    assert.throws(() => entriesOf([evaluation]), /no run is an evaluation of a model/);
  });
});

describe('npm run board', () => {
  let home = '';
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'distill-board-'));
  });
  after(() => rm(home, { recursive: true }));
  const make = (out: string, folder: string) =>
    spawnSync(
      process.execPath,
      ['--import', 'tsx', 'scripts/board/run.ts', '--runs', folder, '--out', join(home, out)],
      { cwd: root, encoding: 'utf8' },
    );

  it('writes the same bytes twice from kept runs', async () => {
    const folder = join(home, 'runs');
    for (const { run, record } of [...measured('none', 1, []), ...measured('defensive', 1, [0])]) {
      const files = record ? { 'evaluation.json': JSON.stringify(record) } : {};
      await keepRun(folder, run, { files });
    }
    assert.equal(make('one.md', folder).stderr, '');
    make('two.md', folder);
    const text = await readFile(join(home, 'one.md'), 'utf8');
    assert.equal(await readFile(join(home, 'two.md'), 'utf8'), text);
    assert.match(text, /defensive distillation, T = 40 \| 1 \| 100\.00 %/);
  });

  it('says so where there is nothing', () => {
    const { status, stderr } = make('none.md', join(home, 'empty'));
    assert.equal(status, 2);
    assert.match(stderr, /^error: no run is an evaluation/);
  });
});

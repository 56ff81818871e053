/** The page of a sweep, from results by hand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  buildSweepReport,
  pointsTable,
  type SweepResults,
  sweepSentences,
} from '../../src/report/index.ts';

const METRICS = [
  ['accuracy', 'share'],
  ['robust_accuracy', 'share'],
  ['naive_robust_accuracy', 'share'],
  ['logit_gap', 'number'],
  ['zero_gradients', 'share'],
  ['validation_accuracy', 'share'],
] as const;

type Scalar = string | number | boolean;

/** Results at some points: metrics grow with the point's index. */
function results(
  points: readonly Record<string, Scalar>[],
  more: Partial<SweepResults> = {},
): SweepResults {
  const share = (i: number) => i / 100;
  return {
    schema: 'distill-sweep-results/1',
    program: 'distill test',
    command: 'distill sweep',
    method: 'grid',
    objectives: [],
    parameters: Object.keys(points[0]),
    data: 'mnist',
    eps: 0.1,
    samples: 50,
    seeds: [1, 2, 3],
    metrics: METRICS.map(([name, unit]) => ({ name, title: name, unit })),
    points: points.map((point, i) => ({
      point,
      trials: [1, 2, 3].map((seed) => ({
        id: `trial${i}${seed}`,
        seed,
        outcome: 'done',
        metrics: Object.fromEntries(METRICS.map(([name]) => [name, share(i + seed)])),
        digests: {},
        command: `distill sweep --seed ${seed} --out runs/trial-${i}`,
      })),
      summary: Object.fromEntries(
        METRICS.map(([name]) => [
          name,
          { mean: share(i + 2), low: share(i - 1), high: share(i + 5), count: 3 },
        ]),
      ),
    })),
    best: null,
    front: [],
    ...more,
  };
}

const temperatures = results([1, 5, 20, 100].map((temperature) => ({ temperature })));
const fileOf = async (of: SweepResults, name: string) =>
  String((await buildSweepReport(of)).files.get(name));

describe('the page of a sweep', () => {
  it('has the parameter below three charts, on a logarithmic axis where it spans a decade', async () => {
    const { files } = await buildSweepReport(temperatures);
    const svgs = [...files.keys()].filter((name) => name.endsWith('.svg'));
    assert.deepEqual(svgs, [
      'charts/temperature-accuracy.svg',
      'charts/temperature-logit-gap.svg',
      'charts/temperature-zero-gradients.svg',
    ]);
    const svg = String(files.get(svgs[0]));
    assert.match(svg, /temperature \(logarithmic\)/);
    const centers = [...svg.matchAll(/class="fill s1" cx="([\d.]+)"/g)].map(([, x]) => Number(x));
    const [left, , , right] = centers;
    const at = (t: number) => left + ((right - left) * Math.log10(t)) / 2;
    [1, 5, 20, 100].forEach((t, i) => {
      assert.ok(Math.abs(centers[i] - at(t)) < 0.02, `${t}: ${centers[i]}`);
    });
    assert.equal(svg.match(/class="band/g)?.length, 3, 'an interval around each line');
    const even = await fileOf(results([2, 3, 4].map((epochs) => ({ epochs }))), 'index.html');
    assert.doesNotMatch(even, /logarithmic/);
  });

  it('says what differs between the ends, and is the same bytes each time', async () => {
    const [headline] = sweepSentences(temperatures);
    assert.equal(
      headline,
      'From temperature 1 to 100, accuracy under attacks on softmax goes from 2.0 % to 5.0 %, under all attacks from 2.0 % to 5.0 %.',
    );
    assert.equal(
      await fileOf(temperatures, 'index.html'),
      await fileOf(temperatures, 'index.html'),
    );
    assert.match(await fileOf(temperatures, 'report.md'), /\*\*From temperature 1 to 100/);
  });

  it('has a command for every trial, and texts stay texts', async () => {
    const page = await fileOf(
      results([{ optimizer: '<b>adam</b>' }, { optimizer: 'sgd' }]),
      'index.html',
    );
    assert.match(page, /distill sweep --seed 3 --out runs\/trial-1/);
    assert.match(page, /&lt;b&gt;adam/);
    assert.doesNotMatch(page, /<b>adam/);
  });

  it('shows several parameters side by side, the best quarter in color, and names the best', async () => {
    const points = [1, 20].flatMap((temperature) =>
      ['adam', 'sgd'].map((optimizer) => ({ temperature, optimizer })),
    );
    const many = results(points, {
      objectives: [{ name: 'robust_accuracy', goal: 'maximize' }],
      best: 3,
    });
    const svg = await fileOf(many, 'charts/parallel-coordinates.svg');
    assert.equal(svg.match(/class="line s2"/g)?.length, 1);
    assert.equal(svg.match(/class="line s6"/g)?.length, 3);
    assert.match(
      sweepSentences(many)[0],
      /^Best by robust_accuracy: temperature 20, optimizer sgd, 5.0 %/,
    );
    assert.equal(pointsTable(many).totals?.size, 1);
    const page = await fileOf(many, 'index.html');
    assert.match(page, /Over optimizer/);
  });

  it('can be made of points that all diverged, and of no parameter at all', async () => {
    const whole = results([{ temperature: 1 }, { temperature: 5 }]);
    const none = {
      ...whole,
      points: whole.points.map((one) => ({
        ...one,
        summary: {},
        trials: one.trials.map((trial) => ({
          ...trial,
          outcome: 'diverged' as const,
          metrics: {},
        })),
      })),
    };
    assert.match(await fileOf(none, 'index.html'), /diverged/);
    assert.match(await fileOf(results([{}]), 'index.html'), /<table/);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RandomStream } from '../../src/engine/index.ts';
import { mcnemar } from '../../src/evaluation/index.ts';
import type { SweepDefinition } from '../../src/experiments/definition.ts';
import type { Distribution } from '../../src/experiments/distributions.ts';
import { knownBefore, type Point, pointAt } from '../../src/experiments/search.ts';
import { type Observation, tpePoint } from '../../src/experiments/tpe.ts';
import { LARGEST, recordedAccuracy, SPACE } from './recorded.ts';

const range = (min: number, max: number, isLog = false): Distribution => ({
  kind: 'range',
  min,
  max,
  isLog,
});

/** The best value that a search finds with so many points. */
function bestOf(
  method: SweepDefinition['method'],
  parameters: SweepDefinition['parameters'],
  valueAt: (point: Point) => number,
  { seed, budget, atOnce = 1 }: { seed: number; budget: number; atOnce?: number },
): number {
  const definition = { method, parameters, seeds: [seed], objectives: [], atOnce };
  const observations: Observation[] = [];
  for (let n = 0; n < budget; n++) {
    const known = observations.slice(0, knownBefore(definition, n));
    const point = pointAt(definition, n, known);
    observations.push({ point, value: valueAt(point) });
  }
  return Math.max(...observations.map(({ value }) => value));
}

const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);

/** In how many of 20 seeds each of two searches is better, and the sign test's p. */
function duel(first: (seed: number) => number, second: (seed: number) => number) {
  const pairs = SEEDS.map((seed) => [first(seed), second(seed)]);
  const wins = pairs.filter(([a, b]) => a > b).length;
  const losses = pairs.filter(([a, b]) => a < b).length;
  return { wins, losses, p: mcnemar(wins, losses) };
}

describe('TPE', () => {
  it('is better than random search on recorded results at equal budget', () => {
    for (const atOnce of [1, 4]) {
      const search = (method: 'bayes' | 'random') => (seed: number) =>
        bestOf(method, SPACE, recordedAccuracy, { seed, budget: 40, atOnce });
      const { wins, losses, p } = duel(search('bayes'), search('random'));
      assert.ok(wins > losses && p < 0.05, `${wins} to ${losses}, p ${p}, ${atOnce} at once`);
    }
    const found = bestOf('bayes', SPACE, recordedAccuracy, { seed: 1, budget: 40 });
    assert.ok(found > 0.97 * LARGEST, `${found} of ${LARGEST}`);
  });

  it('comes near the minimum of a bowl, on linear and on logarithmic axes', () => {
    const parameters = {
      x: range(-5, 5),
      y: range(1e-4, 1, true),
      z: { kind: 'choice', values: ['a', 'b', 'c'] },
    } as const;
    const bowl = ({ x, y, z }: Point) =>
      -((Number(x) - 2) ** 2) - (Math.log10(Number(y)) + 2) ** 2 - (z === 'b' ? 0 : 3);
    const { wins, losses, p } = duel(
      (seed) => bestOf('bayes', parameters, bowl, { seed, budget: 80 }),
      (seed) => bestOf('random', parameters, bowl, { seed, budget: 80 }),
    );
    assert.ok(wins > losses && p < 0.05, `${wins} to ${losses}`);
  });

  it('gives the same point for the same observations, in range, whatever they are', () => {
    const parameters = {
      x: range(1, 100, true),
      n: { kind: 'range', min: 1, max: 9, isLog: false, step: 2 },
    } as const;
    const stream = new RandomStream(1, 'observations');
    for (const value of [() => stream.uniform(), () => Number.NEGATIVE_INFINITY, () => 1]) {
      const observations: Observation[] = [];
      for (let n = 0; n < 40; n++) {
        const next = () => tpePoint(parameters, observations, new RandomStream(3, `${n}`));
        const point = next();
        assert.deepEqual(next(), point);
        assert.ok(Number(point.x) >= 1 && Number(point.x) <= 100);
        assert.ok([2, 4, 6, 8].includes(Number(point.n)), `${point.n}`);
        observations.push({ point, value: value() });
      }
    }
  });

  it('tries no point twice while there is another one', () => {
    const parameters = { x: { kind: 'choice', values: [1, 2, 3, 4, 5, 6] } } as const;
    const observations: Observation[] = [];
    for (let n = 0; n < 6; n++) {
      const point = tpePoint(parameters, observations, new RandomStream(1, `${n}`));
      observations.push({ point, value: -Number(point.x) });
    }
    assert.equal(new Set(observations.map(({ point }) => point.x)).size, 6);
  });

  it('does not depend on what is tried at the same time', () => {
    const definition: SweepDefinition = {
      method: 'bayes',
      parameters: SPACE,
      objectives: [],
      seeds: [1],
      atOnce: 3,
    };
    assert.deepEqual(
      [0, 1, 2, 3, 10].map((n) => knownBefore(definition, n)),
      [0, 0, 0, 1, 8],
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RandomStream } from '../../src/engine/index.ts';
import {
  type Distribution,
  fromUnit,
  type Range,
  sample,
  toUnit,
  valuesOf,
} from '../../src/experiments/distributions.ts';

const range = (min: number, max: number, more: Partial<Range> = {}): Range => ({
  kind: 'range',
  min,
  max,
  isLog: false,
  ...more,
});

const drawn = (distribution: Distribution, count = 2000) =>
  Array.from({ length: count }, (_, i) => sample(distribution, new RandomStream(1, `${i}`)));

describe('a range', () => {
  it('goes from its least to its largest number, evenly as it counts', () => {
    assert.deepEqual(
      [0, 0.5, 1].map((u) => fromUnit(range(2, 6), u)),
      [2, 4, 6],
    );
    const log = range(0.001, 10, { isLog: true });
    assert.deepEqual(
      [0, 0.25, 0.5, 1].map((u) => fromUnit(log, u)),
      [0.001, 0.01, 0.1, 10],
    );
    for (const own of [range(-3, 5), log]) {
      for (const unit of [0, 0.1, 0.9, 1]) {
        assert.ok(Math.abs(toUnit(own, fromUnit(own, unit)) - unit) < 1e-9);
      }
    }
  });

  it('with a step has multiples of it alone, each as a short number', () => {
    assert.deepEqual(valuesOf(range(0.1, 0.5, { step: 0.1 })), [0.1, 0.2, 0.3, 0.4, 0.5]);
    assert.deepEqual(valuesOf(range(3, 17, { step: 5 })), [5, 10, 15]);
    assert.equal(valuesOf(range(0, 1)), undefined);
    const own = range(3, 17, { step: 5 });
    assert.deepEqual(
      [...new Set(drawn(own))].sort((a, b) => Number(a) - Number(b)),
      [5, 10, 15],
    );
  });

  it('is drawn from evenly: a half of the draws below its middle', () => {
    for (const own of [range(10, 30), range(1, 10_000, { isLog: true })]) {
      const middle = fromUnit(own, 0.5);
      const below = drawn(own).filter((value) => Number(value) < middle).length;
      assert.ok(Math.abs(below - 1000) < 4 * Math.sqrt(500), `${below}`);
    }
  });
});

it('listed values are drawn equally often', () => {
  const values = ['adam', 'sgd', true];
  const all = drawn({ kind: 'choice', values });
  for (const value of values) {
    const count = all.filter((one) => one === value).length;
    assert.ok(Math.abs(count - 2000 / 3) < 4 * Math.sqrt(2000 * (2 / 9)), `${value}: ${count}`);
  }
});

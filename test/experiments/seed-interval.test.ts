import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import jstat from 'jstat';
import { RandomStream } from '../../src/engine/index.ts';
import { seedInterval } from '../../src/experiments/seed-interval.ts';

describe('the interval over seeds', () => {
  it('is the value of one, and the extremes of two', () => {
    assert.deepEqual(seedInterval([0.3]), { mean: 0.3, low: 0.3, high: 0.3, count: 1 });
    assert.deepEqual(seedInterval([4, 2]), { mean: 3, low: 2, high: 4, count: 2 });
    assert.throws(() => seedInterval([]), RangeError);
  });

  it('is that of Student’s t from three on', () => {
    const quantile = (df: number) => jstat.studentt.inv(0.975, df);
    for (const count of [3, 5, 12, 31, 40]) {
      const values = Array.from({ length: count }, (_, i) => Math.sin(i));
      const { mean, low, high } = seedInterval(values);
      const expected = values.reduce((sum, value) => sum + value, 0) / count;
      const squares = values.reduce((sum, value) => sum + (value - expected) ** 2, 0);
      const variance = squares / (count - 1);
      const half = quantile(count - 1) * Math.sqrt(variance / count);
      assert.ok(Math.abs(mean - expected) < 1e-12);
      const tolerance = count > 31 ? 0.04 : 0.001;
      assert.ok(Math.abs(high - mean - half) < tolerance * half, `${count}`);
      assert.ok(Math.abs(mean - low - half) < tolerance * half, `${count}`);
    }
  });

  it('covers the mean in 95 of 100 cases', () => {
    let covered = 0;
    for (let i = 0; i < 2000; i++) {
      const stream = new RandomStream(i, 'coverage');
      const { low, high } = seedInterval(Array.from({ length: 4 }, () => stream.normal()));
      if (low <= 0 && high >= 0) covered++;
    }
    assert.ok(Math.abs(covered / 2000 - 0.95) < 0.015, `${covered}`);
  });
});

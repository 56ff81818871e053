import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import jstat from 'jstat';
import {
  clopperPearson,
  holm,
  mcnemar,
  medianRanks,
  pairedDifference,
  wilson,
} from '../src/evaluation/index.ts';
import { lowerBoundOfRate, normalQuantile } from '../src/statistics.ts';

function close(actual: number, expected: number, within = 1e-8): void {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected}`);
}

test('known intervals of 980 out of 1000', () => {
  close(clopperPearson(980, 1000).low, 0.96927997);
  close(clopperPearson(980, 1000).high, 0.98774173);
  close(wilson(980, 1000).low, 0.96930999);
  close(wilson(980, 1000).high, 0.98701632);
});

test('known exact McNemar test', () => close(mcnemar(12, 30), 0.0079159));

const counts = fc
  .integer({ min: 1, max: 20000 })
  .chain((total) => fc.tuple(fc.integer({ min: 0, max: total }), fc.constant(total)));

test('Clopper-Pearson agrees with jstat', () => {
  fc.assert(
    fc.property(counts, ([hits, total]) => {
      const { low, high } = clopperPearson(hits, total);
      close(low, hits === 0 ? 0 : jstat.beta.inv(0.025, hits, total - hits + 1), 1e-6);
      close(high, hits === total ? 1 : jstat.beta.inv(0.975, hits + 1, total - hits), 1e-6);
    }),
    { numRuns: 200 },
  );
});

test('intervals hold the rate, stay in [0, 1] and mirror each other', () => {
  fc.assert(
    fc.property(counts, ([hits, total]) => {
      for (const interval of [wilson, clopperPearson]) {
        const { low, high } = interval(hits, total);
        assert.ok(0 <= low && low <= hits / total && hits / total <= high && high <= 1);
        const mirrored = interval(total - hits, total);
        close(mirrored.low, 1 - high, 1e-9);
      }
    }),
  );
});

test('McNemar agrees with a plain binomial sum, is symmetric and a probability', () => {
  fc.assert(
    fc.property(fc.nat(40), fc.nat(40), (b, c) => {
      let tail = 0;
      for (let k = 0; k <= Math.min(b, c); k++) tail += jstat.combination(b + c, k) / 2 ** (b + c);
      close(mcnemar(b, c), Math.min(1, 2 * tail), 1e-9);
      assert.equal(mcnemar(b, c), mcnemar(c, b));
    }),
  );
  assert.equal(mcnemar(0, 0), 1);
});

test('Holm gives the corrected p-values of a worked example, in the order given', () => {
  const corrected = holm([0.01, 0.04, 0.03, 0.005]);
  corrected.forEach((p, i) => {
    close(p, [0.03, 0.06, 0.06, 0.02][i], 1e-12);
  });
  assert.deepEqual(holm([]), []);
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }), (ps) => {
      const all = holm(ps);
      all.forEach((p, i) => {
        assert.ok(ps[i] <= p && p <= Math.min(1, ps.length * ps[i]) + 1e-12);
        ps.forEach((other, j) => {
          assert.ok(ps[i] > other || p <= all[j], 'the order stays');
        });
      });
    }),
  );
});

test('paired differences have the interval of Bonett and Price', () => {
  // (b + 1) / (n + 2) = 13 / 102 and 4 / 102 by hand.
  const [p, q] = [13 / 102, 4 / 102];
  const half = 1.959963984540054 * Math.sqrt((p + q - (p - q) ** 2) / 102);
  const { low, high } = pairedDifference(12, 3, 100);
  close(low, p - q - half, 1e-12);
  close(high, p - q + half, 1e-12);
  fc.assert(
    fc.property(fc.nat(50), fc.nat(50), fc.nat(1000), (b, c, rest) => {
      const total = b + c + rest;
      const one = pairedDifference(b, c, total);
      const other = pairedDifference(c, b, total);
      close(one.low, -other.high, 1e-12);
      if (total > 0) assert.ok(one.low <= (b - c) / total && (b - c) / total <= one.high);
    }),
  );
});

test('the median lies between the ranks of published tables', () => {
  // Conover 1999, table A3: sample sizes and the 1-based ranks of the 95 % interval.
  for (const [total, low, high] of [
    [6, 1, 6],
    [10, 2, 9],
    [20, 6, 15],
    [50, 18, 33],
  ]) {
    assert.deepEqual(medianRanks(total), { low: low - 1, high: high - 1 });
  }
  assert.deepEqual(medianRanks(3), { low: 0, high: 2 });
});

test('counts that cannot be are refused', () => {
  assert.throws(() => wilson(3, 2), RangeError);
  assert.throws(() => clopperPearson(-1, 2), RangeError);
  assert.throws(() => mcnemar(0.5, 2), RangeError);
});

test('the one-sided bound is the end of a two-sided interval, and of all hits a power', () => {
  fc.assert(
    fc.property(counts, ([hits, total]) => {
      close(lowerBoundOfRate(hits, total, 0.025), clopperPearson(hits, total).low);
      close(lowerBoundOfRate(total, total, 0.001), 0.001 ** (1 / total), 1e-9);
    }),
    { numRuns: 100 },
  );
  close(lowerBoundOfRate(1_000_000, 1_000_000, 0.001), 0.001 ** 1e-6, 1e-12);
  // Half of a million draws: nearly a normal distribution.
  const expected = 0.5 - 3.0902323 * 0.0005;
  close(lowerBoundOfRate(500_000, 1_000_000, 0.001), expected, 2e-6);
});

test('the normal quantile agrees with jstat and with known values', () => {
  assert.equal(normalQuantile(0.5), 0);
  close(normalQuantile(0.975), 1.959963984540054, 1e-14);
  close(normalQuantile(0.999), 3.090232306167813, 1e-14);
  close(normalQuantile(1e-20), -9.262340089798409, 1e-12);
  assert.equal(normalQuantile(1), Number.POSITIVE_INFINITY);
  assert.equal(normalQuantile(0), Number.NEGATIVE_INFINITY);
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), (probability) => {
      close(normalQuantile(probability), jstat.normal.inv(probability, 0, 1), 1e-7);
    }),
    { numRuns: 200 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LOSSES, type LossName, lossFor } from '../../src/attacks/index.ts';
import { UserError } from '../../src/errors.ts';

/** The textbook definitions, in float64. */
const textbook: Record<
  LossName,
  (z: number[], y: number, t: number | undefined, T: number) => number
> = {
  softmax: (z, y, t) => crossEntropy(z, y, t, 1),
  logits: (z, y, t) => crossEntropy(z, y, t, 1),
  temperature: (z, y, t, T) => crossEntropy(z, y, t, T),
  margin: (z, y, t) => {
    const best = (except: number) => Math.max(...z.filter((_, j) => j !== except));
    return t === undefined ? best(y) - z[y] : z[t] - best(t);
  },
  dlr: (z, y, t) => {
    const sorted = [...z].sort((a, b) => b - a);
    if (t !== undefined) return (z[t] - z[y]) / (sorted[0] - (sorted[2] + sorted[3]) / 2);
    const other = Math.max(...z.filter((_, j) => j !== y));
    return (other - z[y]) / (sorted[0] - sorted[2]);
  },
};

function crossEntropy(z: number[], y: number, t: number | undefined, T: number): number {
  const max = Math.max(...z);
  const sum = z.reduce((a, b) => a + Math.exp((b - max) / T), 0);
  const nll = Math.log(sum) - (z[t ?? y] - max) / T;
  return t === undefined ? nll : -nll;
}

function evaluate(name: LossName, z: number[], label: number, target?: number, temperature = 7) {
  const gradient = new Float32Array(z.length);
  const value = lossFor(name, z.length, target !== undefined)(
    Float32Array.from(z),
    { label, target, temperature },
    gradient,
  );
  return { value, gradient };
}

/** Logits far enough apart that no maximum changes within a finite difference. */
const logits = fc
  .uniqueArray(fc.integer({ min: -40, max: 40 }), { minLength: 5, maxLength: 10 })
  .map((values) => values.map((value) => value / 8));

for (const name of LOSSES) {
  test(`${name}: value and gradient agree with float64 finite differences`, () => {
    fc.assert(
      fc.property(logits, fc.nat(4), fc.option(fc.nat(4), { nil: undefined }), (z, y, t) => {
        fc.pre(t !== y);
        const { value, gradient } = evaluate(name, z, y, t);
        const exact = textbook[name](z, y, t, 7);
        assert.ok(
          Math.abs(value - exact) <= 1e-5 * Math.max(1, Math.abs(exact)),
          `${value} ${exact}`,
        );
        for (let j = 0; j < z.length; j++) {
          const moved = (by: number) => textbook[name](z.with(j, z[j] + by), y, t, 7);
          const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
          assert.ok(Math.abs(gradient[j] - slope) < 1e-4, `${j}: ${gradient[j]} and ${slope}`);
        }
      }),
    );
  });
}

test('softmax clips probabilities as Keras does: past a gap of about 16 nothing is left', () => {
  assert.ok(evaluate('softmax', [15, 0, 0], 0).gradient.some((g) => g !== 0));
  assert.deepEqual([...evaluate('softmax', [17.5, 0, 0], 0).gradient], [0, 0, 0]);
  assert.deepEqual([...evaluate('softmax', [0, 17.5, 0], 0).gradient], [0, 0, 0]);
  assert.ok(Number.isFinite(evaluate('softmax', [0, 400, 0], 0).value));
});

test('logits loses only the label entry past a gap of 16, everything past 104', () => {
  const { gradient } = evaluate('logits', [20, 0, 0], 0);
  assert.equal(gradient[0], 0);
  assert.ok(gradient[1] > 0);
  assert.deepEqual([...evaluate('logits', [104, 0, 0], 0).gradient], [0, 0, 0]);
  assert.ok(evaluate('temperature', [104, 0, 0], 0, undefined, 40).gradient.every((g) => g !== 0));
});

test('margin and dlr take no notice of an offset, dlr and temperature none of a scale', () => {
  fc.assert(
    fc.property(logits, fc.nat(4), (z, y) => {
      const scaled = z.map((value) => 40 * value);
      const shifted = z.map((value) => value + 100);
      for (const name of ['margin', 'dlr', 'temperature', 'logits'] as const) {
        const [a, b] = [evaluate(name, z, y).value, evaluate(name, shifted, y).value];
        assert.ok(Math.abs(a - b) < 1e-4);
      }
      assert.ok(Math.abs(evaluate('dlr', z, y).value - evaluate('dlr', scaled, y).value) < 1e-4);
      const cold = evaluate('temperature', scaled, y, undefined, 280);
      assert.ok(Math.abs(evaluate('temperature', z, y, undefined, 7).value - cold.value) < 1e-4);
    }),
  );
});

test('dlr says how many classes it needs', () => {
  assert.throws(() => evaluate('dlr', [1, 2], 0), UserError);
  assert.throws(() => evaluate('dlr', [1, 2, 3], 0, 1), /at least 4 classes/);
  assert.ok(evaluate('dlr', [1, 2, 3], 0).value > 0);
});

test('equal logits give finite losses and gradients', () => {
  for (const name of LOSSES) {
    const { value, gradient } = evaluate(name, [1, 1, 1, 1], 0);
    assert.ok(Number.isFinite(value) && gradient.every(Number.isFinite), name);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distance, isWithin, NORMS, type Norm, type Threat } from '../../src/attacks/index.ts';
import { linearMaximum, project, randomStart, steepestStep } from '../../src/attacks/threat.ts';
import { RandomStream } from '../../src/engine/index.ts';

const features = 12;
const unit = fc.float({ min: 0, max: 1, noNaN: true });
const image = fc
  .array(fc.oneof(unit, fc.constantFrom(0, 1)), { minLength: features, maxLength: features })
  .map((values) => Float32Array.from(values));
const anything = fc
  .array(fc.float({ min: -2, max: 3, noNaN: true }), { minLength: features, maxLength: features })
  .map((values) => Float32Array.from(values));
const threat: fc.Arbitrary<Threat> = fc
  .tuple(fc.constantFrom<Norm>(...NORMS), fc.double({ min: 0, max: 3, noNaN: true }))
  .map(([norm, eps]) => ({ norm, eps: norm === 'L0' ? Math.floor(eps) : eps }));

test('distances of known pairs', () => {
  const a = Float32Array.of(0, 0, 0, 0);
  const b = Float32Array.of(0.5, 0, -0.5, 0);
  assert.deepEqual(
    NORMS.map((norm) => distance(norm, a, b)),
    [0.5, Math.SQRT1_2, 1, 2],
  );
  assert.ok(Number.isNaN(distance('Linf', a, Float32Array.of(0, Number.NaN, 0, 1))));
});

test('a projection lands inside, stays there, and leaves legal images alone', () => {
  fc.assert(
    fc.property(threat, image, anything, (where, original, start) => {
      const once = start.slice();
      project(where, original, once);
      assert.ok(isWithin(where, original, once));
      const twice = once.slice();
      project(where, original, twice);
      for (let i = 0; i < features; i++) assert.ok(Math.abs(once[i] - twice[i]) < 1e-5);
    }),
  );
});

test('Linf and L1 projections are the nearest legal point', () => {
  fc.assert(
    fc.property(threat, image, anything, anything, (where, original, start, other) => {
      fc.pre(where.norm === 'Linf' || where.norm === 'L1');
      const nearest = start.slice();
      project(where, original, nearest);
      const rival = other.slice();
      project(where, original, rival);
      assert.ok(distance('L2', start, nearest) <= distance('L2', start, rival) + 1e-5);
    }),
  );
});

test('the L1 projection spends the whole budget when the start lies outside', () => {
  const original = new Float32Array(features).fill(0.5);
  const moved = Float32Array.from({ length: features }, (_, i) => 0.5 + 0.04 * (i % 2 ? i : -i));
  project({ norm: 'L1', eps: 1 }, original, moved);
  assert.ok(Math.abs(distance('L1', original, moved) - 1) < 1e-5);
});

test('random starts are legal, reproducible and not all the same', () => {
  fc.assert(
    fc.property(threat, image, fc.nat(1000), (where, original, seed) => {
      const draw = (label: string) => {
        const out = new Float32Array(features);
        randomStart(where, original, new RandomStream(seed, label), out);
        return out;
      };
      assert.ok(isWithin(where, original, draw('a')));
      assert.deepEqual(draw('a'), draw('a'));
      if (where.eps > 0.1 && where.norm !== 'L0') assert.notDeepEqual(draw('a'), draw('b'));
    }),
  );
});

test('a steepest step has the length asked for, however small the gradient', () => {
  for (const scale of [1, 1e-30, 1e-42]) {
    const gradient = Float32Array.from({ length: features }, (_, i) => scale * (i - 3.5));
    for (const norm of ['Linf', 'L2', 'L1'] as const) {
      const start = new Float32Array(features).fill(0.5);
      const moved = start.slice();
      steepestStep(norm, gradient, 0.25, moved, 0.2);
      assert.ok(Math.abs(distance(norm, start, moved) - 0.25) < 1e-5, `${norm} ${scale}`);
    }
  }
});

test('no gradient, no step', () => {
  for (const norm of ['Linf', 'L2', 'L1'] as const) {
    const moved = new Float32Array(features).fill(0.5);
    steepestStep(norm, new Float32Array(features), 0.25, moved, 0.2);
    assert.deepEqual(moved, new Float32Array(features).fill(0.5));
  }
});

test('no legal point beats the linear maximum in Linf, L1 and L0', () => {
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  fc.assert(
    fc.property(threat, image, anything, anything, (where, original, gradient, other) => {
      fc.pre(where.norm !== 'L2');
      const best = new Float32Array(features);
      linearMaximum(where, original, gradient, best);
      assert.ok(isWithin(where, original, best));
      const rival = other.slice();
      project(where, original, rival);
      if (where.norm === 'L0') return;
      assert.ok(dot(gradient, best) >= dot(gradient, rival) - 1e-4);
    }),
  );
});

/** Lines of activations lie on their side of the function, as float32 engines compute it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { Bend } from '../../src/certification/operations/bend.ts';
import { type CurveName, CurveOperation } from '../../src/certification/operations/curve.ts';
import type { ElementwiseOperation } from '../../src/certification/operations/operation.ts';
import { linesOf } from '../../src/certification/relaxation.ts';
import { RandomStream } from '../../src/engine/index.ts';
import { compiledBackends, use } from '../native/backends.ts';

const INTERVALS = 400;
const POINTS = 50;

type Function = (x: tf.Tensor) => tf.Tensor;

const { sigmoid, tanh, erf, softplus, exp, elu, selu } = tf;
const FUNCTIONS: Readonly<Record<CurveName, Function>> = {
  sigmoid,
  tanh,
  erf,
  softplus,
  exp,
  elu,
  selu,
};

const CASES: readonly (readonly [string, ElementwiseOperation, Function])[] = [
  ...Object.entries(FUNCTIONS).map(
    ([name, f]) => [name, new CurveOperation(INTERVALS, name as CurveName), f] as const,
  ),
  ...[0, 0.2, 1, -0.5].map(
    (slope) =>
      [
        `leaky ReLU ${slope}`,
        new Bend(INTERVALS, Float64Array.of(slope)),
        (x: tf.Tensor) => tf.leakyRelu(x, slope),
      ] as const,
  ),
  [
    'PReLU 1.5',
    new Bend(INTERVALS, Float64Array.of(1.5)),
    (x: tf.Tensor) => tf.sub(tf.relu(x), tf.mul(1.5, tf.relu(tf.neg(x)))),
  ],
];

/** Intervals of all sizes, around 0 and on either side of it. */
function intervals(seed: number) {
  const stream = new RandomStream(seed, 'intervals');
  const lower = new Float64Array(INTERVALS);
  const upper = new Float64Array(INTERVALS);
  for (let i = 0; i < INTERVALS; i++) {
    const center = 16 * (stream.uniform() - 0.5);
    const radius = 10 ** (4 * stream.uniform() - 3.3);
    lower[i] = Math.fround(center - radius);
    upper[i] = Math.fround(center + radius);
  }
  return { lower, upper };
}

describe('the lines of an activation', () => {
  for (const backend of compiledBackends) {
    it(`enclose it on ${backend}`, async () => {
      await use(backend);
      const box = intervals(1);
      const stream = new RandomStream(2, 'points');
      const points = Float32Array.from({ length: INTERVALS * POINTS }, (_, at) => {
        const i = at % INTERVALS;
        const share = at < INTERVALS ? 0 : at < 2 * INTERVALS ? 1 : stream.uniform();
        const x = Math.fround(box.lower[i] + share * (box.upper[i] - box.lower[i]));
        return Math.min(box.upper[i], Math.max(box.lower[i], x));
      });
      for (const [name, operation, f] of CASES) {
        const values = tf.tidy(() => f(tf.tensor1d(points)).dataSync());
        const lines = linesOf(operation, box);
        const interval = operation.interval([box]);
        points.forEach((x, at) => {
          const i = at % INTERVALS;
          const low = lines.lowerSlope[i] * x + lines.lowerOffset[i];
          const high = lines.upperSlope[i] * x + lines.upperOffset[i];
          const where = `${name} over [${box.lower[i]}, ${box.upper[i]}] at ${x}: ${values[at]}`;
          assert.ok(low <= values[at], `${where} below its line ${low}`);
          assert.ok(values[at] <= high, `${where} above its line ${high}`);
          assert.ok(interval.lower[i] <= values[at] && values[at] <= interval.upper[i], where);
          const [least, most] = operation.slopeRange(i);
          if (box.lower[i] < 0 && box.upper[i] > 0 && operation.bends && least <= most) {
            const slope = least + (most - least) * stream.uniform();
            assert.ok(slope * x + lines.lowerOffset[i] <= values[at], `${where}, slope ${slope}`);
          }
        });
      }
    });
  }

  it('touch a ReLU at both ends of its box', () => {
    const { lower, upper } = intervals(3);
    const lines = linesOf(new Bend(INTERVALS, Float64Array.of(0)), { lower, upper });
    for (let i = 0; i < INTERVALS; i++) {
      for (const x of [lower[i], upper[i]]) {
        const value = lines.upperSlope[i] * x + lines.upperOffset[i];
        assert.ok(Math.abs(value - Math.max(0, x)) < 1e-12 * (upper[i] - lower[i] + 1));
      }
    }
  });
});

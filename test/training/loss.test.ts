import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { RandomStream, startEngine } from '../../src/engine/index.ts';
import type { Logits } from '../../src/models/index.ts';
import { crossEntropy } from '../../src/training/index.ts';

const ROWS = 5;
const CLASSES = 10;

/** The definition, in float64. */
function reference(
  logits: readonly number[],
  targets: readonly number[],
  temperature: number,
): number {
  let sum = 0;
  for (let row = 0; row < ROWS; row++) {
    const z = logits.slice(row * CLASSES, (row + 1) * CLASSES).map((value) => value / temperature);
    const top = Math.max(...z);
    const logSum = top + Math.log(z.reduce((total, value) => total + Math.exp(value - top), 0));
    for (let c = 0; c < CLASSES; c++) sum -= targets[row * CLASSES + c] * (z[c] - logSum);
  }
  return sum / ROWS;
}

function example(scale: number, soft: boolean): { logits: number[]; targets: number[] } {
  const stream = new RandomStream(7, `loss/${scale}/${soft}`);
  const logits = Array.from({ length: ROWS * CLASSES }, () => Math.fround(scale * stream.normal()));
  const targets: number[] = [];
  for (let row = 0; row < ROWS; row++) {
    const weights = Array.from({ length: CLASSES }, (_, c) =>
      soft ? stream.uniform() : Number(c === row),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    targets.push(...weights.map((weight) => Math.fround(weight / sum)));
  }
  return { logits, targets };
}

describe('cross-entropy at temperature', () => {
  before(() => startEngine('auto'));

  for (const temperature of [1, 5, 40, 100]) {
    for (const scale of [1, 40, 1000]) {
      for (const soft of [false, true]) {
        const kind = soft ? 'soft' : 'hard';
        it(`T ${temperature}, logits of size ${scale}, ${kind} targets: value and gradient as in float64`, () => {
          const { logits, targets } = example(scale, soft);
          const shape: [number, number] = [ROWS, CLASSES];
          const p = tf.tensor2d(targets, shape);
          const { value, grad } = tf.valueAndGrad((z: tf.Tensor) =>
            crossEntropy(z as Logits, p, temperature),
          )(tf.tensor2d(logits, shape));
          const exact = reference(logits, targets, temperature);
          assert.ok(Math.abs(value.dataSync()[0] - exact) <= 1e-5 * Math.max(1, exact));
          const gradient = grad.dataSync();
          for (let i = 0; i < logits.length; i++) {
            const step = 1e-4 * temperature;
            const moved = (by: number) => logits.map((z, j) => (j === i ? z + by : z));
            const difference =
              (reference(moved(step), targets, temperature) -
                reference(moved(-step), targets, temperature)) /
              (2 * step);
            assert.ok(
              Math.abs(gradient[i] - difference) <= 1e-5 / temperature,
              `entry ${i}: ${gradient[i]} instead of ${difference}`,
            );
          }
        });
      }
    }
  }
});

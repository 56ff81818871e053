import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { row } from '../../src/arrays.ts';
import { attackNamed, planAttack, runAttack } from '../../src/attacks/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import type { Classifier, Logits } from '../../src/models/index.ts';
import './models.ts';

/** Always sure of class 0 by the same margin, so that no patch ever helps; keeps what it is asked. */
function unmoved(side: number): Classifier & { readonly calls: Float32Array[] } {
  const calls: Float32Array[] = [];
  return {
    name: 'unmoved',
    inputShape: [side, side, 1],
    classes: 2,
    temperature: 1,
    calls,
    logits: (images) => {
      calls.push(Float32Array.from(images.dataSync()));
      return tf.tile(tf.tensor2d([[1, 0]]), [images.shape[0], 1]) as Logits;
    },
  };
}

async function queriesOf(
  norm: 'Linf' | 'L2',
  side: number,
  queries: number,
): Promise<Float32Array[]> {
  const model = unmoved(side);
  const plan = planAttack(attackNamed('square'), { norm, eps: 0.25, options: { queries } });
  const images = new Float32Array(side * side).fill(0.5);
  const streams = [new RandomStream(3, 'test/square')];
  await runAttack(plan, model, { images, labels: new Int32Array(1), streams });
  return model.calls;
}

test('square asks once for its stripes and once for each patch, whose area follows the schedule', async () => {
  const side = 28;
  const calls = await queriesOf('Linf', side, 1000);
  assert.equal(calls.length, 1001);
  const [stripes] = calls;
  for (let x = 0; x < side; x++) {
    const column = Array.from({ length: side }, (_, y) => stripes[y * side + x]);
    assert.deepEqual(new Set(column), new Set([column[0]]));
    assert.equal(Math.abs(column[0] - 0.5), 0.25);
  }
  // A patch changes the columns whose stripe had the other sign, from its top to its bottom.
  const height = (patch: Float32Array) => {
    let rows = 0;
    for (let y = 0; y < side; y++) {
      if (row(patch, y, side).some((value, x) => value !== stripes[y * side + x])) rows++;
    }
    return rows;
  };
  // Patch i of 1000 stands at query 10 i of the paper's 10,000: halved after 10, 50, 200 … 8000.
  const tallest = (from: number, to: number) =>
    Math.max(...calls.slice(from + 1, to + 2).map(height));
  const sideAt = (halvings: number) => Math.round(Math.sqrt((0.8 / 2 ** halvings) * side * side));
  assert.equal(tallest(0, 1), sideAt(0));
  assert.equal(tallest(2, 5), sideAt(1));
  assert.equal(tallest(6, 20), sideAt(2));
  assert.equal(tallest(201, 400), sideAt(6));
  assert.equal(tallest(801, 999), Math.max(1, sideAt(9)));
});

test('square in L2 starts from bumps in the middle of the image, of the full length', async () => {
  const [start] = await queriesOf('L2', 28, 1);
  const moved = (p: number) => start[p] !== 0.5;
  assert.ok(!Array.from({ length: 28 }, (_, i) => i).some((i) => moved(i) || moved(i * 28)));
  assert.ok(moved(29));
  assert.ok(Math.abs(Math.sqrt(start.reduce((sum, v) => sum + (v - 0.5) ** 2, 0)) - 0.25) < 1e-5);
});

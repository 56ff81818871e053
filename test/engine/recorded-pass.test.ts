import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { RecordedPass, startEngine, valuesOf } from '../../src/engine/index.ts';

await startEngine('cpu');

const cube = (x: tf.Tensor, factor: number) =>
  tf.sum(tf.mul(tf.relu(x), tf.mul(tf.square(x), factor)));

test('a gradient that is taken after a wait is that of tf.grad, to the bit', async () => {
  const x = tf.tensor1d([-1.3, 0.7, 2.1]);
  const before = tf.memory().numTensors;
  const passes = [3, 5].map((factor) => new RecordedPass(() => cube(x, factor)));
  for (const [i, factor] of [3, 5].entries()) {
    const [value] = await passes[i].value.data();
    const wanted = tf.tidy(() => {
      assert.equal(value, cube(x, factor).dataSync()[0]);
      const slope = tf.grad((at) => tf.mul(cube(at, factor), value));
      return slope(x).dataSync();
    });
    const cotangent = tf.scalar(value);
    const found = await valuesOf(() => passes[i].gradients([x], cotangent)[0] as tf.Tensor);
    assert.deepEqual(found, wanted);
    passes[i].dispose();
    cotangent.dispose();
  }
  assert.equal(tf.memory().numTensors, before);
});

test('what does not lead to the value has no gradient; a pass that fails leaves nothing', () => {
  const [x, other] = [tf.scalar(2), tf.scalar(3)];
  const before = tf.memory().numTensors;
  const pass = new RecordedPass(() => tf.square(x));
  const [first, second] = pass.gradients([x, other]);
  assert.equal(first?.dataSync()[0], 4);
  assert.equal(second, undefined);
  first?.dispose();
  pass.dispose();
  const fails = () => {
    tf.square(x);
    throw new Error('no');
  };
  assert.throws(() => new RecordedPass(fails), /no/);
  assert.equal(tf.memory().numTensors, before);
  assert.equal(tf.engine().state.gradientDepth, 0);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { asTensors, Cnn, exampleTensors, exampleValues, initialValues } from '../../bench/cnn.ts';
import { Adam, Sgd } from '../../native/backend/index.ts';
import { compiledBackends, onEveryPath, use } from './backends.ts';
import { lossAndGradients } from './cnn-reference.ts';
import { assertClose } from './values.ts';

/** Relative to the largest entry of each gradient. */
const tolerance = 1e-5;

/** Compares the gradients of every way to compute them with float64's. */
async function compareGradients(weights: Float32Array[], images: Float32Array, labels: Int32Array) {
  const expected = lossAndGradients(weights, images, labels);
  await onEveryPath(() => {
    const cnn = new Cnn(weights);
    tf.tidy(() => {
      const { images: x, targets } = asTensors({ images, labels });
      const { value, grads } = tf.variableGrads(() => cnn.loss(x, targets), cnn.variables);
      assertClose(value.dataSync(), [expected.loss], 'loss');
      for (const [i, variable] of cnn.variables.entries()) {
        assertClose(grads[variable.name].dataSync(), expected.gradients[i], `weight ${i}`, {
          tolerance,
        });
      }
      const dx = tf.grad((image) => cnn.loss(image as tf.Tensor4D, targets))(x);
      assertClose(dx.dataSync(), expected.imageGradient, 'input gradient', { tolerance });
    });
    cnn.dispose();
  });
}

for (const batch of [1, 24, 128]) {
  test(`the CNN's gradients equal float64 at batch ${batch}`, async () => {
    const { images, labels } = exampleValues(batch);
    await compareGradients(initialValues(), images, labels);
  });
}

// Where images are black, windows of a max-pool hold equal values, and with a bias of 0 they are 0:
// rounding must neither pick another winner than the first nor let a gradient through ReLU.
for (const bias of [0, 0.05]) {
  test(`so they do on black areas with biases of ${bias}`, async () => {
    const { images, labels } = exampleValues(24);
    const drawn = images.map((value, i) => {
      const [row, column] = [Math.floor((i % 784) / 28), i % 28];
      return row > 6 && row < 20 && column > 9 && column < 17 ? value : 0;
    });
    const weights = initialValues().map((w) => (w.length <= 128 ? w.fill(bias) : w));
    await compareGradients(weights, drawn, labels);
  });
}

/** Trains for some steps and returns all weights and losses as one array. */
function train(steps: number, batch: number): Float32Array {
  const cnn = new Cnn();
  const adam = new Adam();
  const { images, targets } = exampleTensors(batch);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const { value, grads } = tf.variableGrads(() => cnn.loss(images, targets), cnn.variables);
    adam.step(
      cnn.variables,
      cnn.variables.map((variable) => grads[variable.name]),
    );
    losses.push(value.dataSync()[0]);
    tf.dispose([value, grads]);
  }
  const result = cnn.variables.flatMap((variable) => [...variable.dataSync()]);
  cnn.dispose();
  adam.dispose();
  tf.dispose([images, targets]);
  return Float32Array.from([...losses, ...result]);
}

test('weights and losses are the same bits for every run and number of threads', async () => {
  for (const name of compiledBackends) {
    const { kernels } = await use(name);
    for (const batch of [1, 37, 128]) {
      const results = [1, 2, 3, 2].map((threads) => {
        kernels.set_threads(threads);
        return Buffer.from(train(4, batch).buffer).toString('base64');
      });
      assert.equal(new Set(results).size, 1, `${name}, batch ${batch}`);
    }
    kernels.set_threads(1);
  }
});

test('training lowers the loss', async () => {
  for (const name of compiledBackends) {
    await use(name);
    const result = train(40, 32);
    assert.ok(result[39] < result[0] / 2, `${name}: from ${result[0]} to ${result[39]}`);
  }
});

test('2,000 steps keep the same tensors and the same resident memory', async () => {
  for (const name of compiledBackends) {
    const backend = await use(name);
    const cnn = new Cnn();
    const sgd = new Sgd({ momentum: 0.9 });
    const { images, targets } = exampleTensors(2);
    const step = () => {
      const { value, grads } = tf.variableGrads(() => cnn.loss(images, targets), cnn.variables);
      sgd.step(
        cnn.variables,
        cnn.variables.map((variable) => grads[variable.name]),
      );
      value.dataSync();
      tf.dispose([value, grads]);
    };
    for (let i = 0; i < 500; i++) step();
    const before = { ...tf.memory(), rss: process.memoryUsage().rss, free: backend.pool.freeBytes };
    for (let i = 0; i < 2000; i++) step();
    const after = { ...tf.memory(), rss: process.memoryUsage().rss, free: backend.pool.freeBytes };
    assert.equal(after.numTensors, before.numTensors);
    assert.equal(after.numBytes, before.numBytes);
    assert.equal(after.free, before.free);
    // The garbage collector may still be growing its young generation: 16 MiB at most.
    assert.ok(after.rss - before.rss < 32 << 20, `${name}: ${after.rss - before.rss} bytes more`);
    cnn.dispose();
    sgd.dispose();
    tf.dispose([images, targets]);
  }
});

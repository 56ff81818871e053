import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { RandomStream, startEngine } from '../../src/engine/index.ts';
import { Model, type Network } from '../../src/models/index.ts';
import { LAYER_KINDS } from '../../src/models/layers/registry.ts';
import { attentionNetwork } from './attention-network.ts';
import { randomPixels, randomWeights, richNetwork } from './rich-network.ts';

before(() => startEngine('cpu'));

test('the networks that all tests of layers run have a layer of every kind', () => {
  const layers = [...richNetwork.layers, ...attentionNetwork.layers];
  const tested = new Set<string>(layers.map(({ kind }) => kind));
  assert.deepEqual(
    LAYER_KINDS.map(({ kind }) => kind).filter((kind) => !tested.has(kind)),
    [],
  );
});

/**
 * Every layer of the rich network that takes one image, alone before a dense one; convolutions
 * without their ReLU, whose kinks differences would see.
 */
const alone = richNetwork.layers
  .filter(({ kind }) => !['add', 'multiply', 'concat', 'dense'].includes(kind))
  .map(({ inputs: _, ...layer }) =>
    layer.kind === 'conv2d' ? { ...layer, activation: 'linear' as const } : layer,
  )
  .map(
    (layer): Network => ({
      ...richNetwork,
      architecture: layer.name,
      layers: [
        layer,
        { kind: 'flatten', name: 'flat' },
        { kind: 'dense', name: 'out', units: 5, bias: true, activation: 'linear' },
      ],
    }),
  );
const joins = (['add', 'multiply', 'concat'] as const).map(
  (kind): Network => ({
    ...richNetwork,
    architecture: kind,
    layers: [
      { kind: 'activation', name: 'tanh', activation: 'tanh' },
      { kind, name: 'join', inputs: ['tanh', 'image', 'tanh'] },
      { kind: 'flatten', name: 'flat' },
      { kind: 'dense', name: 'out', units: 5, bias: true, activation: 'linear' },
    ],
  }),
);

for (const network of [...alone, ...joins]) {
  test(`the gradient through ${network.architecture} matches differences`, () => {
    const model = new Model(network, randomWeights(network), 1);
    const shape: [number, number, number, number] = [1, ...network.inputShape];
    const image = randomPixels(network, 1);
    const mix = tf.tensor2d([[1, -2, 0.5, 3, -1]]);
    const score = (images: tf.Tensor) =>
      tf.sum(tf.mul(model.logits(images as tf.Tensor4D), mix)) as tf.Scalar;
    const gradient = tf.tidy(() => tf.grad(score)(tf.tensor4d(image, shape)).dataSync());
    const value = (pixels: Float32Array) =>
      tf.tidy(() => score(tf.tensor4d(pixels, shape)).dataSync()[0]);

    const stream = new RandomStream(3, 'directions');
    const length = Math.hypot(...gradient);
    assert.ok(length > 0, 'the gradient vanishes');
    for (let trial = 0; trial < 5; trial++) {
      const direction = image.map(() => stream.normal());
      const step = 1e-3;
      const up = image.map((pixel, i) => pixel + step * direction[i]);
      const down = image.map((pixel, i) => pixel - step * direction[i]);
      const difference = (value(up) - value(down)) / (2 * step);
      const slope = direction.reduce((sum, one, i) => sum + one * gradient[i], 0);
      // A slope is about as large as the gradient is long; a kink may lie within a step.
      assert.ok(Math.abs(difference - slope) < 0.02 * length, `${difference}, not ${slope}`);
    }
    model.dispose();
  });
}

/** Plans against TensorFlow.js running the same network call by call: the same bits. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { Oracle } from '../../src/attacks/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import {
  ARCHITECTURE_NAMES,
  buildNetwork,
  type Classifier,
  compiledOf,
  initialWeights,
  type Layer,
  Model,
  type Network,
} from '../../src/models/index.ts';
import { compiledBackends, use } from '../native/backends.ts';
import { attentionNetwork } from './attention-network.ts';
import { richNetwork } from './rich-network.ts';

const conv = (name: string, from?: string): Layer => ({
  kind: 'conv2d',
  name,
  filters: 6,
  kernel: [3, 3],
  strides: [1, 1],
  padding: 'same',
  dilations: [1, 1],
  bias: false,
  activation: 'linear',
  ...(from ? { inputs: [from] } : {}),
});
const relu = (name: string): Layer => ({ kind: 'activation', name, activation: 'relu' });

/** What an imported ResNet is made of. */
const residualNetwork: Network = {
  architecture: 'residual',
  inputShape: [10, 9, 3],
  classes: 4,
  layers: [
    conv('conv1'),
    { kind: 'affine', name: 'norm1' },
    relu('relu1'),
    conv('conv2'),
    { kind: 'affine', name: 'norm2' },
    relu('relu2'),
    conv('conv3'),
    { kind: 'affine', name: 'norm3' },
    { kind: 'add', name: 'sum', inputs: ['norm3', 'relu1'] },
    relu('relu3'),
    { kind: 'average-pool', name: 'pool', size: [2, 2], strides: [2, 2], padding: 'valid' },
    { kind: 'global-average-pool', name: 'mean' },
    { kind: 'dense', name: 'logits', units: 4, bias: true, activation: 'linear' },
  ],
};

/** Joins and borders, which are copies. */
const joinedNetwork: Network = {
  architecture: 'joined',
  inputShape: [10, 9, 3],
  classes: 4,
  layers: [
    conv('conv1'),
    relu('relu1'),
    {
      kind: 'pad',
      name: 'pad',
      padding: [
        [1, 1],
        [2, 0],
      ],
    },
    conv('conv2'),
    relu('relu2'),
    { kind: 'concat', name: 'both', inputs: ['relu2', 'pad'] },
    { kind: 'global-average-pool', name: 'mean' },
    { kind: 'dense', name: 'logits', units: 4, bias: true, activation: 'linear' },
  ],
};

const networks: readonly Network[] = [
  ...ARCHITECTURE_NAMES.map((name) =>
    buildNetwork(name, name === 'papernot-cifar' ? [32, 32, 3] : [28, 28, 1], 10),
  ),
  residualNetwork,
  joinedNetwork,
];

const modelOf = (network: Network, seed = 1): Model =>
  new Model(network, initialWeights(network, 1, new RandomStream(seed, 'weights')), 1);

/** The same classifier for TensorFlow.js alone: another function has no compiled form. */
const uncompiled = (classifier: Classifier): Classifier => ({
  ...classifier,
  logits: (images) => classifier.logits(images),
});

function exampleImages({ inputShape }: Network, count: number, seed = 2): Float32Array {
  const stream = new RandomStream(seed, 'images');
  const size = inputShape.reduce((a, b) => a * b);
  // A third of the pixels is black, as in digits.
  return Float32Array.from({ length: count * size }, () =>
    stream.uniform() < 1 / 3 ? 0 : stream.uniform(),
  );
}

async function passes(classifier: Classifier, images: Float32Array) {
  const oracle = new Oracle(classifier);
  const labels = Int32Array.from({ length: images.length / oracle.features }, (_, i) => i % 4);
  const forward = await oracle.logits(images);
  return {
    forward,
    ...(await oracle.lossGradients('logits', images, { labels, targets: undefined })),
  };
}

const hasPlan = (classifier: Classifier, images: Float32Array): boolean =>
  compiledOf(classifier)?.logits(images) !== undefined;

for (const backend of compiledBackends) {
  describe(`plans on ${backend}`, () => {
    for (const network of networks) {
      it(`give the bits of TensorFlow.js: ${network.architecture}`, async () => {
        await use(backend);
        const model = modelOf(network);
        const classifier = model.classifier('planned');
        for (const count of [1, 5, 32, 5]) {
          const images = exampleImages(network, count, count);
          assert.ok(hasPlan(classifier, images));
          const planned = await passes(classifier, images);
          assert.deepEqual(planned, await passes(uncompiled(classifier), images));
          assert.ok(planned.gradient.some((value) => value !== 0));
        }
        model.dispose();
      });
    }

    it('give the same bits on one, two and three threads', async () => {
      const { kernels } = await use(backend);
      for (const network of networks) {
        const model = modelOf(network);
        const classifier = model.classifier('shared out');
        const images = exampleImages(network, 37);
        const results: Awaited<ReturnType<typeof passes>>[] = [];
        for (const threads of [1, 2, 3]) {
          kernels.set_threads(threads);
          results.push(await passes(classifier, images));
        }
        for (const result of results) assert.deepEqual(result, results[0]);
        model.dispose();
      }
      kernels.set_threads(1);
    });

    it('leave networks with layers in JavaScript to TensorFlow.js', async () => {
      await use(backend);
      for (const network of [richNetwork, attentionNetwork]) {
        const model = modelOf(network);
        const classifier = model.classifier('mixed');
        const images = exampleImages(network, 3);
        assert.deepEqual(
          await passes(classifier, images),
          await passes(uncompiled(classifier), images),
        );
        model.dispose();
      }
      const model = modelOf(richNetwork);
      assert.ok(!hasPlan(model.classifier('rich'), exampleImages(richNetwork, 1)));
      model.dispose();
    });

    it('see weights that were changed in place or assigned', async () => {
      await use(backend);
      const network = buildNetwork('cnn', [28, 28, 1], 10);
      const model = modelOf(network);
      const other = modelOf(network, 7);
      const classifier = model.classifier('changing');
      const images = exampleImages(network, 2);
      const before = await passes(classifier, images);
      for (const [name, variable] of model.variables) {
        const values = other.variables.get(name);
        assert.ok(values);
        variable.assign(tf.clone(values));
      }
      const after = await passes(classifier, images);
      assert.notDeepEqual(after, before);
      assert.deepEqual(after, await passes(other.classifier('other'), images));
      model.dispose();
      other.dispose();
    });

    it('of several models and sizes do not disturb each other', async () => {
      await use(backend);
      const models = [networks[0], residualNetwork].map((network) => modelOf(network));
      const classifiers = models.map((model) => model.classifier('one of two'));
      const expected = await Promise.all(
        classifiers.map((one, i) => passes(uncompiled(one), exampleImages(models[i].network, 4))),
      );
      for (let round = 0; round < 3; round++) {
        for (const [i, one] of classifiers.entries()) {
          await passes(one, exampleImages(models[i].network, 1 + 3 * round));
          assert.deepEqual(await passes(one, exampleImages(models[i].network, 4)), expected[i]);
        }
      }
      for (const model of models) model.dispose();
    });

    it('keep tensors and memory as they are over 2,000 passes', async () => {
      const compiled = await use(backend);
      const model = modelOf(residualNetwork);
      const classifier = model.classifier('steady');
      const images = exampleImages(residualNetwork, 2);
      for (let i = 0; i < 200; i++) await passes(classifier, images);
      const before = { ...tf.memory(), free: compiled.pool.freeBytes };
      const { rss } = process.memoryUsage();
      for (let i = 0; i < 2000; i++) await passes(classifier, images);
      assert.deepEqual({ ...tf.memory(), free: compiled.pool.freeBytes }, before);
      assert.ok(process.memoryUsage().rss - rss < 32 << 20);
      model.dispose();
    });
  });
}

describe('the compiled form of a classifier', () => {
  it('belongs to its function, so that a wrapped one has none', async () => {
    await use('wasm');
    const model = modelOf(residualNetwork);
    const classifier = model.classifier('plain');
    assert.ok(compiledOf(classifier));
    assert.ok(compiledOf({ ...classifier, name: 'renamed' }));
    assert.equal(compiledOf(uncompiled(classifier)), undefined);
    model.dispose();
  });

  it('is not there on an engine without compiled kernels', async () => {
    await use('cpu');
    const model = modelOf(residualNetwork);
    const classifier = model.classifier('plain');
    const images = exampleImages(residualNetwork, 1);
    assert.ok(!hasPlan(classifier, images));
    assert.equal((await passes(classifier, images)).logits.length, 4);
    model.dispose();
  });
});

/** A small network to plant defenses around, trained in seconds. */
import * as tf from '@tensorflow/tfjs-core';
import { range } from '../../src/arrays.ts';
import { type Dataset, imagesAsFloats, labelsAt, loadData } from '../../src/data/index.ts';
import { Adam, RandomStream, startEngine } from '../../src/engine/index.ts';
import { buildNetwork, type Classifier, initialWeights, Model } from '../../src/models/index.ts';
import { crossEntropy } from '../../src/training/index.ts';

const BATCH = 64;
const STEPS = 120;

export interface Base {
  readonly classifier: Classifier;
  /** MNIST's training images; it was trained on the first 4,000. */
  readonly data: Dataset;
  /** Test images and their labels, the first ones of MNIST. */
  readonly test: { readonly images: Float32Array; readonly labels: Int32Array };
}

async function train(): Promise<Base> {
  await startEngine();
  const { train: set, test } = await loadData('mnist');
  const images = imagesAsFloats(set, range(4000));
  const labels = labelsAt(set, range(4000));
  const stream = new RandomStream(5, 'zoo/base');
  const network = buildNetwork('cnn', set.shape, set.classes);
  const model = new Model(network, initialWeights(network, 1, stream), 1);
  const variables = [...model.variables.values()];
  const optimizer = new Adam({ epsilon: 1e-7 });
  const size = images.length / labels.length;
  for (let step = 0; step < STEPS; step++) {
    const draw = stream.child(step);
    const rows = range(BATCH).map(() => draw.integer(labels.length));
    tf.tidy(() => {
      const batch = new Float32Array(BATCH * size);
      rows.forEach((at, i) => {
        batch.set(images.subarray(at * size, (at + 1) * size), i * size);
      });
      const targets = new Float32Array(BATCH * set.classes);
      rows.forEach((at, i) => {
        targets[i * set.classes + labels[at]] = 1;
      });
      const { grads } = tf.variableGrads(
        () =>
          crossEntropy(
            model.logits(tf.tensor4d(batch, [BATCH, ...set.shape])),
            tf.tensor2d(targets, [BATCH, set.classes]),
            1,
          ),
        variables,
      );
      optimizer.learningRate = 2e-3 * (1 - step / STEPS);
      optimizer.step(
        variables,
        variables.map(({ name }) => grads[name]),
      );
    });
  }
  optimizer.dispose();
  return {
    classifier: model.classifier('base'),
    data: set,
    test: { images: imagesAsFloats(test, range(256)), labels: labelsAt(test, range(256)) },
  };
}

let cached: Promise<Base> | undefined;

/** The base network; trained once a process. */
export function baseNetwork(): Promise<Base> {
  cached ??= train();
  return cached;
}

/**
 * Attack a TensorFlow.js model that you trained.
 *
 *   npx tsx attack-tfjs-model.ts [training images] [attacked images]
 */

import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {
  attack,
  attackNamed,
  imagesAsFloats,
  labelsAt,
  loadData,
  planAttack,
  startEngine,
  wrapLayersModel,
} from 'distill';

const [trainSize = 5500, samples = 100] = process.argv.slice(2).map(Number);

await startEngine(); // before any tensor is made: your model trains on it too
const { train, test } = await loadData('mnist', trainSize);

// 1. Your model, as you would train it.
const model = layers.sequential({
  layers: [
    layers.layers.conv2d({
      inputShape: [28, 28, 1],
      filters: 16,
      kernelSize: 3,
      strides: 2,
      activation: 'relu',
    }),
    layers.layers.flatten(),
    layers.layers.dense({ units: 64, activation: 'relu' }),
    layers.layers.dense({ units: 10, activation: 'softmax' }),
  ],
});
model.compile({ optimizer: tf.train.adam(0.003), loss: 'sparseCategoricalCrossentropy' });
const all = Array.from({ length: train.count }, (_, i) => i);
const images = tf.tensor4d(imagesAsFloats(train, all), [train.count, 28, 28, 1]);
const labels = tf.tensor1d(Array.from(labelsAt(train, all)), 'float32');
await model.fit(images, labels, { epochs: 3, batchSize: 64, verbose: 0 });
tf.dispose([images, labels]);

// 2. The same model as a classifier: a softmax at its end is left out, because attacks need logits.
const classifier = wrapLayersModel(model, { name: 'mine' });

// 3. The attack.
const plan = planAttack(attackNamed('pgd'), { norm: 'Linf', eps: 0.2 });
const outcome = await attack({ model: classifier, data: test, plan, samples });

const broken = outcome.success.filter(Boolean).length;
console.log(
  `PGD at eps 0.2 breaks ${broken} of ${samples} images, with ${outcome.forwards} forward and ` +
    `${outcome.backwards} backward passes`,
);

/** Input gradients in float64 and in the engine that runs, of the networks that users bring. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { Cnn, exampleTensors, exampleValues, initialValues } from '../../bench/cnn.ts';
import { row } from '../../src/arrays.ts';
import { Oracle } from '../../src/attacks/index.ts';
import { lowerBounds, lowerNetwork, Relaxation } from '../../src/certification/index.ts';
import { RandomStream, valuesOf } from '../../src/engine/index.ts';
import {
  buildNetwork,
  importModel,
  initialWeights,
  Model,
  type Network,
  type Weight,
} from '../../src/models/index.ts';
import { exactValues } from '../../test/certification/exact.ts';
import { lossAndGradients } from '../../test/native/cnn-reference.ts';
import { resnet, saveLayers } from '../layers-models.ts';
import { type Difference, difference } from './difference.ts';

const IMAGES = 2;

/** Of the benchmark's network at a batch: the loss's gradients by weights and images. */
async function trainingGradients(): Promise<Difference[]> {
  const { images, labels } = exampleValues(IMAGES);
  const weights = initialValues();
  const wanted = lossAndGradients(weights, images, labels);
  const cnn = new Cnn(weights);
  const { images: x, targets } = exampleTensors(IMAGES);
  const found: Difference[] = [];
  for (const [i, variable] of cnn.variables.entries()) {
    const gradient = await valuesOf(() => {
      const { grads } = tf.variableGrads(() => cnn.loss(x, targets), [variable]);
      return grads[variable.name];
    });
    found.push(difference(`cnn, weight ${i}`, gradient, wanted.gradients[i]));
  }
  const slope = await valuesOf(() => tf.grad((at) => cnn.loss(at as tf.Tensor4D, targets))(x));
  cnn.dispose();
  return [...found, difference('cnn, images of a training step', slope, wanted.imageGradient)];
}

/**
 * Of the logits' sum with weights 1, -1, 1, ... by the pixels. In float64 it is what backward linear bounds
 * carry to the image where every node's box is one point: there they are the network itself.
 */
async function inputGradients(
  what: string,
  network: Network,
  weights: readonly Weight[],
): Promise<Difference[]> {
  const stream = new RandomStream(1, what);
  const size = network.inputShape.reduce((a, b) => a * b);
  const images = Float32Array.from({ length: IMAGES * size }, () => stream.uniform());
  const signs = Array.from({ length: network.classes }, (_, c) => (c % 2 === 0 ? 1 : -1));
  const model = new Model(network, weights, 1);
  const oracle = new Oracle(model.classifier(what));
  const { gradient } = await oracle.backward(images, (logits) =>
    logits.map((_, i) => signs[i % signs.length]),
  );
  model.dispose();
  const graph = lowerNetwork(network, weights);
  return Array.from({ length: IMAGES }, (_, i) => {
    const boxes = exactValues(graph, row(images, i, size));
    const { coefficients } = lowerBounds(new Relaxation(graph, boxes), {
      node: graph.nodes.length,
      rows: 1,
      coefficients: Float64Array.from(signs),
    });
    return difference(`${what}, image ${i}`, row(gradient, i, size), coefficients[0] ?? []);
  });
}

async function importedResnet(): Promise<{ network: Network; weights: readonly Weight[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'distill-webgpu-'));
  const before = tf.getBackend();
  await tf.setBackend('cpu');
  try {
    await saveLayers(resnet(), folder);
    await tf.setBackend(before);
    return await importModel(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Compares gradients with float64. */
export async function compareGradients(): Promise<Difference[]> {
  const found = await trainingGradients();
  for (const [name, shape] of [
    ['cnn', [28, 28, 1]],
    ['papernot-cifar', [32, 32, 3]],
  ] as const) {
    const network = buildNetwork(name, shape, 10);
    const weights = initialWeights(network, 1, new RandomStream(1, name));
    found.push(...(await inputGradients(name, network, weights)));
  }
  const { network, weights } = await importedResnet();
  return [...found, ...(await inputGradients('imported ResNet', network, weights))];
}

/**
 * An attack in a page, on a model of the page's own. Bundle it with what you use, for example
 *
 *   npx esbuild page.ts --bundle --format=esm --loader:.wasm=file --outfile=page.js
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  attackNamed,
  batchOf,
  planAttack,
  runAttack,
  softmaxOf,
  startBrowserEngine,
  wrapFunction,
} from 'distill/browser';
import kernels from 'distill/kernels.wasm';

const CLASSES = 4;

const module = await fetch(kernels);
await startBrowserEngine(new Uint8Array(await module.arrayBuffer()));

// The brightness of each quarter of the image, from the top: any differentiable function will do.
const model = wrapFunction(
  (images) => tf.mul(tf.mean(tf.reshape(images, [-1, CLASSES, 16]), 2), 20),
  { name: 'quarters', inputShape: [8, 8, 1], classes: CLASSES },
);
const image = Float32Array.from({ length: 64 }, (_, i) => (i < 16 ? 0.6 : 0.4));
const plan = planAttack(attackNamed('pgd'), { eps: 0.15, loss: 'margin' });
const { images, forwards, backwards } = await runAttack(plan, model, batchOf(image, [0], 1));

const logits = tf.tidy(() => model.logits(tf.tensor4d(images, [1, 8, 8, 1])).dataSync());
const probabilities = softmaxOf(Float32Array.from(logits), CLASSES, 1);
const winner = probabilities.indexOf(Math.max(...probabilities));
const result = document.querySelector('#result');
if (result) {
  result.textContent = `class 0 became class ${winner} after ${forwards} forward and ${backwards} backward passes`;
}

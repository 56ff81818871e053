/**
 * Defend a model with preprocessing of your own, and have the defense judged: this one rounds every
 * pixel, which stops gradients and little else.
 *
 *   npx tsx your-own-defense.ts [training images] [attacked images]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  attackNamed,
  evaluate,
  loadData,
  loadModel,
  planAttack,
  startEngine,
  train,
  wrapFunction,
} from 'distill';

const [trainSize = 5500, samples = 100] = process.argv.slice(2).map(Number);

await startEngine();
const data = await loadData('mnist', trainSize);
const folder = await mkdtemp(join(tmpdir(), 'distill-example-'));
await train({ data, out: join(folder, 'plain'), settings: { temperature: 1, epochs: 2 } });
const { model } = await loadModel(join(folder, 'plain'));
const plain = model.classifier('plain');
await rm(folder, { recursive: true });

const LEVELS = 4;
const rounded = wrapFunction(
  (images) => plain.logits(tf.div(tf.round(tf.mul(images, LEVELS)), LEVELS)),
  { name: 'rounded', inputShape: [28, 28, 1], classes: 10 },
);

const record = await evaluate({
  models: [plain, rounded],
  data,
  samples,
  attacks: [
    planAttack(attackNamed('pgd'), { eps: 0.3, options: { steps: 10 } }),
    planAttack(attackNamed('square'), { eps: 0.3, options: { queries: 100 } }),
  ],
});

for (const { model: name, attack, robust } of record.attacks) {
  console.log(`${name} under ${attack}: ${robust.hits} of ${robust.total}`);
}
for (const { model: name, code, advice } of record.flags) {
  console.log(`${name}: ${code}: ${advice}`);
}
for (const { model: name, ruling, reason } of record.verdicts) {
  console.log(`${name}: ${ruling}: ${reason}`);
}

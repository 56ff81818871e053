/** A small attack that a page and Node.js both run. */
import * as tf from '@tensorflow/tfjs-core';
import type * as library from '../../src/browser.ts';

const CLASSES = 4;
const SIDE = 8;

type Parts = Pick<
  typeof library,
  'attackNamed' | 'batchOf' | 'planAttack' | 'runAttack' | 'wrapFunction'
>;

/** Where PGD and APGD end on a model of the brightness of each quarter of an image, from the top. */
export async function attackedBrightness(parts: Parts): Promise<number[]> {
  const { attackNamed, batchOf, planAttack, runAttack, wrapFunction } = parts;
  const model = wrapFunction(
    (images) => tf.mul(tf.mean(tf.reshape(images, [-1, CLASSES, (SIDE * SIDE) / CLASSES]), 2), 20),
    { name: 'quarters', inputShape: [SIDE, SIDE, 1], classes: CLASSES },
  );
  const image = Float32Array.from({ length: SIDE * SIDE }, (_, i) => (i < 16 ? 0.6 : 0.4));
  const images: number[] = [];
  for (const name of ['pgd', 'apgd']) {
    const plan = planAttack(attackNamed(name), { eps: 0.15, loss: 'margin' });
    images.push(...(await runAttack(plan, model, batchOf(image, [0], 1))).images);
  }
  return images;
}

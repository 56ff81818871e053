/** Models that answer at random: the mean of several answers is attacked, judged and ruled on. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { evaluateCommand } from '../../src/cli/command-text.ts';
import { averaged } from '../../src/evaluation/index.ts';
import {
  attackNamed,
  type Classifier,
  evaluate,
  planAttack,
  RandomStream,
  startEngine,
  wrapFunction,
} from '../../src/index.ts';
import { bandModel, bands, CLASSES, SHAPE } from '../library/models.ts';

const test = bands('bands/test', 40);
const train = bands('bands/train', 60);

/** Answers with noise of the given size on every logit; `seen` counts the images. */
function noisyModel(size: number, seen = { images: 0 }): Classifier {
  const stream = new RandomStream(3, 'noise');
  let calls = 0;
  const plain = bandModel('plain');
  return wrapFunction(
    (images) => {
      const draw = stream.child(calls++);
      const rows = images.shape[0];
      seen.images += rows;
      const noise = Float32Array.from(
        { length: rows * CLASSES },
        () => size * (2 * draw.uniform() - 1),
      );
      return tf.add(plain.logits(images as tf.Tensor4D), tf.tensor2d(noise, [rows, CLASSES]));
    },
    { name: 'noisy', inputShape: SHAPE, classes: CLASSES },
  );
}

const evaluated = (classifier: Classifier, draws?: number) =>
  evaluate({
    models: [classifier],
    data: { test, train, source: 'bands' },
    attacks: [planAttack(attackNamed('pgd'), { eps: 0.2, options: { steps: 3 } })],
    samples: 20,
    ...(draws !== undefined && { draws }),
  });

before(() => startEngine('auto', 1));

describe('the mean of several answers', () => {
  const images = () => tf.randomUniform([5, ...SHAPE], 0, 1, 'float32', 7) as tf.Tensor4D;

  it('is that of the logits, and its gradient that of the gradients', () => {
    const scales = [1, 2, 6];
    let call = 0;
    const plain = bandModel('plain', 1);
    const changing: Classifier = {
      ...plain,
      logits: (input) => tf.mul(plain.logits(input), scales[call++ % 3]) as never,
    };
    const mean = averaged(changing, 3);
    tf.tidy(() => {
      const expected = tf.mul(plain.logits(images()), 3);
      assert.ok(tf.max(tf.abs(tf.sub(mean.logits(images()), expected))).dataSync()[0] < 1e-6);
      const sumOf = (model: Classifier) => (x: tf.Tensor) =>
        tf.sum(tf.square(model.logits(x as tf.Tensor4D)));
      const own = tf.grad(sumOf(mean))(images());
      const known = tf.grad((x) => tf.mul(sumOf(plain)(x), 9))(images());
      assert.ok(tf.max(tf.abs(tf.sub(own, known))).dataSync()[0] < 1e-5);
    });
  });

  it('of one answer is the model itself; of none, or of half a one, it is refused', () => {
    const plain = bandModel('plain');
    assert.equal(averaged(plain), plain);
    for (const draws of [0, 1.5, -2, Number.NaN]) {
      assert.throws(() => averaged(plain, draws), { code: 'bad-plan' });
    }
  });
});

describe('an evaluation of a model that answers at random', () => {
  it('does not repeat, and asks for the mean of 16 answers', async () => {
    const record = await evaluated(noisyModel(0.05));
    const [model] = record.models;
    const [verdict] = record.verdicts;
    assert.equal(model.draws, undefined);
    assert.equal(model.answers.unstable.rate, 1);
    assert.equal(verdict.evidence.find(({ code }) => code === 'repeatable')?.met, false);
    assert.equal(verdict.request?.draws, 16);
    assert.match(evaluateCommand(verdict.request), / --preset quick .* --eot 16$/);
  });

  it('repeats by class where the noise averages out, and says how many answers that took', async () => {
    const seen = { images: 0 };
    const model = noisyModel(0.05, seen);
    // Wrapping tries the model.
    const tried = seen.images;
    const record = await evaluated(model, 16);
    const [found] = record.models;
    const [verdict] = record.verdicts;
    assert.equal(found.draws, 16);
    assert.equal(found.answers.unstable.rate, 0);
    assert.equal(verdict.evidence.find(({ code }) => code === 'repeatable')?.met, true);
    assert.match(verdict.reason, /for the mean of 16 answers/);
    assert.equal(verdict.request?.draws, 16);
    assert.ok(seen.images - tried >= 16 * test.count, `${seen.images}`);
  });

  it('asks for more answers, and in the end for nothing', async () => {
    const asked: (number | undefined)[] = [];
    for (let draws: number | undefined = 16; draws; ) {
      const record = await evaluated(noisyModel(400), draws);
      draws = record.verdicts[0].request?.draws;
      asked.push(draws);
    }
    assert.deepEqual(asked, [64, 256, undefined]);
  });
});

/**
 * A surrogate: a network distilled from another model's answers alone, for attacks to climb.
 *
 * The model may be anything that answers: its gradients are not used, so they cannot mislead. Every
 * training step asks it about new points: noisy copies of the images first, then points to which an
 * attack on the surrogate leads, where the two are likeliest to differ. Part of the images are those
 * about to be attacked (without their labels), so that the surrogate is best near them.
 *
 * Papers: Papernot et al. 2017, "Practical Black-Box Attacks against Machine Learning" (a substitute
 * trained on the answers, new points along its own gradients); Hinton et al. 2015 (soft labels).
 */
import * as tf from '@tensorflow/tfjs-core';
import { argmax, ascend, Oracle, row } from '../attacks/index.ts';
import { Adam, RandomStream } from '../engine/index.ts';
import { buildNetwork, type Classifier, initialWeights, Model } from '../models/index.ts';
import { crossEntropy } from './loss.ts';

export interface SurrogateOptions {
  /** Images of the data the model was made for, `[M, H, W, C]` in [0, 1]; no labels. */
  readonly images: Float32Array;
  /** Images that will be attacked, `[N, H, W, C]` in [0, 1]; no labels. */
  readonly attacked: Float32Array;
  /** Largest change of a pixel to learn about. */
  readonly reach: number;
  readonly steps: number;
  readonly seed: number;
  /** Calls whose answers are averaged; more than 1 for a model that answers at random. */
  readonly calls?: number;
}

const BATCH = 128;
const LEARNING_RATE = 2e-3;
/** Share of the steps on noisy copies, before an attack on the surrogate chooses the points. */
const NOISY_SHARE = 0.4;
/** The logit gap that a model's typical answer is scaled to: soft, so that more than the class is learned. */
const GAP = 6;
/** A row that adds up to 1 within this is taken for probabilities. */
const SUM_SLACK = 1e-3;
const LEAST_PROBABILITY = 1e-30;

/** Logits whose softmax the surrogate learns: log-probabilities where the model gives probabilities. */
function asLogits(answers: Float32Array, classes: number): Float32Array {
  for (let from = 0; from < answers.length; from += classes) {
    const own = answers.subarray(from, from + classes);
    const sum = own.reduce((total, value) => total + value, 0);
    if (own.some((value) => value < 0) || Math.abs(sum - 1) > SUM_SLACK) return answers;
  }
  return answers.map((value) => Math.log(Math.max(value, LEAST_PROBABILITY)));
}

/** The median over rows of the largest value minus the second largest. */
function medianGap(logits: Float32Array, classes: number): number {
  const gaps: number[] = [];
  for (let i = 0; i < logits.length / classes; i++) {
    const sorted = Float32Array.from(row(logits, i, classes)).sort();
    gaps.push(sorted[classes - 1] - sorted[classes - 2]);
  }
  return gaps.sort((a, b) => a - b)[gaps.length >> 1] || 1;
}

/** Noise of random size up to `reach`: pixel by pixel, in blocks, or stripes. */
function addNoise(
  image: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  reach: number,
  stream: RandomStream,
): void {
  const size = reach * stream.uniform();
  const block = 1 + stream.integer(7);
  const across = Math.ceil(width / block);
  const cells = Math.ceil(height / block) * across * channels;
  const isSign = stream.uniform() < 0.5;
  const values = Float32Array.from({ length: cells }, () => {
    const value = 2 * stream.uniform() - 1;
    return size * (isSign ? Math.sign(value) : value);
  });
  for (let i = 0; i < image.length; i++) {
    const channel = i % channels;
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / (channels * width));
    const cell = (Math.floor(y / block) * across + Math.floor(x / block)) * channels + channel;
    image[i] = Math.min(1, Math.max(0, image[i] + values[cell]));
  }
}

/**
 * Distills `model` into a network of the default architecture. The same seed gives the same
 * surrogate of a model that repeats its answers.
 * @throws RunError `not-finite` as the model's answers do
 */
export async function trainSurrogate(
  model: Classifier,
  { images, attacked, reach, steps, seed, calls = 1 }: SurrogateOptions,
): Promise<Classifier> {
  const { inputShape, classes } = model;
  const oracle = new Oracle(model);
  const { features } = oracle;
  const stream = new RandomStream(seed, 'surrogate');
  const network = buildNetwork('cnn', inputShape, classes);
  const surrogate = new Model(network, initialWeights(network, 1, stream.child('weights')), 1);
  const classifier = surrogate.classifier(`surrogate of ${model.name}`);
  const own = new Oracle(classifier);
  const optimizer = new Adam({ epsilon: 1e-7 });
  const variables = [...surrogate.variables.values()];

  const ask = (points: Float32Array): Float32Array => {
    const sum = oracle.logits(points).slice();
    for (let call = 1; call < calls; call++) {
      oracle.logits(points).forEach((value, i) => {
        sum[i] += value;
      });
    }
    if (calls > 1) for (let i = 0; i < sum.length; i++) sum[i] /= calls;
    return asLogits(sum, classes);
  };
  const scale = GAP / medianGap(ask(attacked.subarray(0, 512 * features)), classes);

  const towardsBoundary = (starts: Float32Array, ends: Float32Array, draw: RandomStream) => {
    const winnersOf = (points: Float32Array) => {
      const z = oracle.logits(points);
      return range(BATCH).map((i) => argmax(row(z, i, classes)));
    };
    const first = winnersOf(starts);
    const low = new Float32Array(BATCH);
    const high = new Float32Array(BATCH).fill(1);
    const last = winnersOf(ends);
    const mix = (at: Float32Array) => {
      const points = new Float32Array(starts.length);
      for (let i = 0; i < points.length; i++) {
        const t = at[Math.floor(i / features)];
        points[i] = starts[i] + t * (ends[i] - starts[i]);
      }
      return points;
    };
    for (let round = 0; round < 4; round++) {
      const middle = low.map((l, i) => (l + high[i]) / 2);
      winnersOf(mix(middle)).forEach((winner, i) => {
        if (winner === first[i]) low[i] = middle[i];
        else high[i] = middle[i];
      });
    }
    return mix(low.map((l, i) => (last[i] === first[i] || i % 4 === 3 ? 1 : draw.uniform() < 0.5 ? l : high[i])));
  };

  const batchAt = (step: number): Float32Array => {
    const draw = stream.child(`batch/${step}`);
    const points = new Float32Array(BATCH * features);
    for (let i = 0; i < BATCH; i++) {
      const pool = draw.uniform() < +(process.env.OWN ?? 0.5) ? attacked : images;
      const index = draw.integer(pool.length / features);
      row(points, i, features).set(row(pool, index, features));
    }
    const isNoisy = step < NOISY_SHARE * steps;
    for (let i = 0; i < BATCH; i++) {
      // An eighth stays clean.
      if (isNoisy && i % 8 !== 7) addNoise(row(points, i, features), inputShape, reach, draw);
    }
    if (isNoisy) return points;
    const eps =
      reach * (+(process.env.LOW ?? 0.25) + (1 - +(process.env.LOW ?? 0.25)) * draw.uniform());
    const current = own.logits(points);
    const labels = Int32Array.from({ length: BATCH }, (_, i) => argmax(row(current, i, classes)));
    const ends = ascend({
      oracle: own,
      examples: { images: points, labels, streams: range(BATCH).map((i) => draw.child(i)) },
      goal: { kind: 'untargeted' },
      threat: { norm: 'Linf', eps },
      loss: 'margin',
      steps: +(process.env.K ?? 4),
      stepSize: eps / 2,
      restarts: 1,
      randomStart: true,
      momentum: 0,
      sparsity: 0,
      confidence: +(process.env.CONF ?? 2),
    });
    return process.env.BISECT ? towardsBoundary(points, ends, draw) : ends;
  };

  for (let step = 0; step < steps; step++) {
    const points = batchAt(step);
    const answers = ask(points).map((value) => value * scale);
    tf.tidy(() => {
      const targets = tf.softmax(tf.tensor2d(answers, [BATCH, classes])) as tf.Tensor2D;
      const input = tf.tensor4d(points, [BATCH, ...inputShape]);
      const { grads } = tf.variableGrads(
        () => {
          const z = surrogate.logits(input);
          if (!process.env.MSE) return crossEntropy(z, targets, 1);
          const c = (t: tf.Tensor) => tf.sub(t, tf.mean(t, 1, true));
          return tf.add(tf.mul(tf.mean(tf.square(tf.sub(c(z), tf.clipByValue(c(tf.tensor2d(answers, [BATCH, classes])), -20, 20)))), +process.env.MSE), crossEntropy(z, targets, 1)) as tf.Scalar;
        },
        variables,
      );
      optimizer.learningRate = 0.5 * LEARNING_RATE * (1 + Math.cos((Math.PI * step) / steps));
      optimizer.step(
        variables,
        variables.map(({ name }) => grads[name]),
      );
    });
    if (step % 16 === 0) await new Promise(setImmediate);
  }
  optimizer.dispose();
  return classifier;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

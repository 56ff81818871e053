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
/** Of the attack that chooses points: its steps, and its least budget as a share of the reach. */
const ATTACK_STEPS = 4;
const LEAST_REACH = 0.25;
/** Of the way from a point to an attacked one, in search of where the answer changes. */
const HALVINGS = 4;
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

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** The class of every point. */
function winners(oracle: Oracle, points: Float32Array): number[] {
  const logits = oracle.logits(points);
  return range(points.length / oracle.features).map((i) => argmax(row(logits, i, oracle.classes)));
}

/** Points within a random share of `reach` at which the surrogate gives another class. */
function attackedPoints(
  surrogate: Oracle,
  starts: Float32Array,
  reach: number,
  draw: RandomStream,
): Float32Array {
  const eps = reach * (LEAST_REACH + (1 - LEAST_REACH) * draw.uniform());
  const labels = Int32Array.from(winners(surrogate, starts));
  return ascend({
    oracle: surrogate,
    examples: {
      images: starts,
      labels,
      streams: Array.from(labels, (_, i) => draw.child(i)),
    },
    goal: { kind: 'untargeted' },
    threat: { norm: 'Linf', eps },
    loss: 'margin',
    steps: ATTACK_STEPS,
    stepSize: (2 * eps) / ATTACK_STEPS,
    restarts: 1,
    randomStart: true,
    momentum: 0,
    sparsity: 0,
    confidence: 2,
  });
}

/**
 * Where the model changes its answer on the way from start to end, three in four are taken just before
 * or just behind: of a model that gives classes and no scores, such points teach most.
 */
function towardsBoundary(
  oracle: Oracle,
  starts: Float32Array,
  ends: Float32Array,
  draw: RandomStream,
): Float32Array {
  const { features } = oracle;
  const mixed = (shares: readonly number[]) =>
    starts.map((value, i) => value + shares[Math.floor(i / features)] * (ends[i] - value));
  const first = winners(oracle, starts);
  const last = winners(oracle, ends);
  const before = first.map(() => 0);
  const behind = first.map(() => 1);
  for (let round = 0; round < HALVINGS; round++) {
    const middles = before.map((share, i) => (share + behind[i]) / 2);
    winners(oracle, mixed(middles)).forEach((winner, i) => {
      (winner === first[i] ? before : behind)[i] = middles[i];
    });
  }
  const shares = first.map((winner, i) => {
    if (winner === last[i] || i % 4 === 3) return 1;
    return draw.uniform() < 0.5 ? before[i] : behind[i];
  });
  return mixed(shares);
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

  const batchAt = (step: number): Float32Array => {
    const draw = stream.child(`batch/${step}`);
    const starts = new Float32Array(BATCH * features);
    for (let i = 0; i < BATCH; i++) {
      const pool = i % 2 === 0 ? images : attacked;
      const index = draw.integer(pool.length / features);
      row(starts, i, features).set(row(pool, index, features));
    }
    if (step >= NOISY_SHARE * steps) {
      const ends = attackedPoints(own, starts, reach, draw);
      return towardsBoundary(oracle, starts, ends, draw);
    }
    for (let i = 0; i < BATCH; i++) {
      if (i % 8 !== 7) addNoise(row(starts, i, features), inputShape, reach, draw);
    }
    return starts;
  };

  for (let step = 0; step < steps; step++) {
    const points = batchAt(step);
    const answers = ask(points).map((value) => value * scale);
    tf.tidy(() => {
      const targets = tf.softmax(tf.tensor2d(answers, [BATCH, classes])) as tf.Tensor2D;
      const input = tf.tensor4d(points, [BATCH, ...inputShape]);
      const { grads } = tf.variableGrads(
        () => crossEntropy(surrogate.logits(input), targets, 1),
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

/**
 * A surrogate: a network distilled from another model's answers alone, for attacks to use.
 *
 * The model may be anything that answers: its gradients are not used, so they cannot mislead. Every
 * training step asks it about new points: noisy copies of the images first, then points found by an
 * attack on the surrogate, where the two models are most likely to differ. Half of the images are
 * those about to be attacked (without their labels), so that the surrogate is most accurate there.
 *
 * The loop is not `fit`, which learns fixed targets of a stored data set in epochs, with validation
 * and checkpoints: here the points and their targets come from the model at every step.
 *
 * Papers: Papernot et al. 2017, "Practical Black-Box Attacks against Machine Learning" (a substitute
 * trained on the answers, new points along its own gradients); Hinton et al. 2015 (soft labels).
 */
import * as tf from '@tensorflow/tfjs-core';
import { argmax, gather, range, row } from '../arrays.ts';
import { ascend, Oracle } from '../attacks/index.ts';
import { type Dataset, imagesAsFloats } from '../data/index.ts';
import { RandomStream, valuesOf } from '../engine/index.ts';
import { buildNetwork, type Classifier, initialWeights, Model } from '../models/index.ts';
import { learningRateAt } from './fit.ts';
import { TemperatureOptimizer } from './optimizer.ts';
import { TrainingStep } from './step.ts';

interface SurrogateOptions {
  /** Images of the data that the model was made for; labels are not read. */
  readonly data: Pick<Dataset, 'count' | 'shape' | 'images'>;
  /** Images that will be attacked, `[N, H, W, C]` in [0, 1]. */
  readonly attacked: Float32Array;
  /** Largest change of a pixel to learn about, in (0, 1]. */
  readonly reach: number;
  /** Training steps of 128 images. */
  readonly steps: number;
  readonly seed: number;
  /** Called after every step. */
  onStep?(): void;
}

/** Of images, in pixels: of smaller ones the convolutions and pools of `cnn` leave nothing. */
const SMALLEST_SIDE = 10;

const BATCH = 128;
/** Attacked images on which the scale of the model's logits is measured. */
const SCALE_IMAGES = 512;
const LEARNING_RATE = 2e-3;
/** Share of the steps on noisy copies, before an attack on the surrogate chooses the points. */
const NOISY_SHARE = 0.4;
/** Of so many steps one learns new points; the others repeat earlier ones, which cost no passes. */
const NEW_EVERY = 3;
/** The logit gap that a model's typical answer is scaled to: soft, so that more than the class is learned. */
const GAP = 6;
/** Of the attack that chooses points: its steps, and its least budget as a share of the reach. */
const ATTACK_STEPS = 2;
const LEAST_REACH = 0.25;
/** Bisections between a point and an attacked one, in search of where the class changes. */
const HALVINGS = 3;
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

/** The softmax of every row. */
function softmaxRows(logits: Float32Array, classes: number): Promise<Float32Array> {
  return valuesOf(() => tf.softmax(tf.tensor2d(logits, [logits.length / classes, classes])));
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

/** The class of every point. */
async function classesAt(oracle: Oracle, points: Float32Array): Promise<number[]> {
  const logits = await oracle.logits(points);
  return range(points.length / oracle.features).map((i) => argmax(row(logits, i, oracle.classes)));
}

/** Points within a random share of `reach` at which the surrogate gives another class. */
async function attackedPoints(
  surrogate: Oracle,
  starts: Float32Array,
  reach: number,
  draw: RandomStream,
): Promise<Float32Array> {
  const eps = reach * (LEAST_REACH + (1 - LEAST_REACH) * draw.uniform());
  const labels = Int32Array.from(await classesAt(surrogate, starts));
  return ascend({
    oracle: surrogate,
    batch: {
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
 * Points between `starts` and `ends`. Where the model's class changes in between, three in four are
 * taken just before or after the change: they say most about a model that gives classes only.
 */
async function nearBoundary(
  oracle: Oracle,
  starts: Float32Array,
  ends: Float32Array,
  draw: RandomStream,
): Promise<Float32Array> {
  const { features } = oracle;
  const first = await classesAt(oracle, starts);
  const last = await classesAt(oracle, ends);
  const rows = range(first.length).filter((i) => first[i] !== last[i] && i % 4 !== 3);
  const before = rows.map(() => 0);
  const after = rows.map(() => 1);
  const from = gather(starts, rows, features);
  const to = gather(ends, rows, features);
  const mixed = (shares: readonly number[]) =>
    from.map((value, at) => value + shares[Math.floor(at / features)] * (to[at] - value));
  for (let round = 0; round < HALVINGS; round++) {
    const middles = before.map((share, i) => (share + after[i]) / 2);
    (await classesAt(oracle, mixed(middles))).forEach((found, i) => {
      (found === first[rows[i]] ? before : after)[i] = middles[i];
    });
  }
  const chosen = mixed(before.map((share, i) => (draw.uniform() < 0.5 ? share : after[i])));
  const points = ends.slice();
  rows.forEach((at, i) => {
    row(points, at, features).set(row(chosen, i, features));
  });
  return points;
}

/**
 * Distills `model` into a network of the default architecture. The same seed gives the same
 * surrogate of a model that repeats its answers. The caller disposes it.
 * @throws RunError `not-finite` as the model's answers do
 */
export async function trainSurrogate(
  model: Classifier,
  { data, attacked, reach, steps, seed, onStep }: SurrogateOptions,
): Promise<{ readonly classifier: Classifier; dispose(): void }> {
  const { inputShape, classes } = model;
  const oracle = new Oracle(model);
  const { features } = oracle;
  const stream = new RandomStream(seed, 'surrogate');
  const isSmall = Math.min(inputShape[0], inputShape[1]) < SMALLEST_SIDE;
  const network = buildNetwork(isSmall ? 'dense' : 'cnn', inputShape, classes);
  const surrogate = new Model(network, initialWeights(network, 1, stream.child('weights')), 1);
  const classifier = surrogate.classifier(`surrogate of ${model.name}`);
  const own = new Oracle(classifier);
  const optimizer = new TemperatureOptimizer(surrogate, 'adam', 1);
  const trainingStep = new TrainingStep(surrogate, optimizer, 1);

  const ask = async (points: Float32Array) => asLogits(await oracle.logits(points), classes);
  const scale = GAP / medianGap(await ask(attacked.subarray(0, SCALE_IMAGES * features)), classes);

  /** The points of one step. */
  const pointsAt = async (step: number): Promise<Float32Array> => {
    const draw = stream.child(`batch/${step}`);
    const half = BATCH / 2;
    const starts = new Float32Array(BATCH * features);
    starts.set(
      imagesAsFloats(
        data,
        range(half).map(() => draw.integer(data.count)),
      ),
    );
    const rows = range(half).map(() => draw.integer(attacked.length / features));
    starts.set(gather(attacked, rows, features), half * features);
    if (step >= NOISY_SHARE * steps) {
      return nearBoundary(oracle, starts, await attackedPoints(own, starts, reach, draw), draw);
    }
    for (let i = 0; i < BATCH; i++) {
      if (i % 8 !== 7) addNoise(row(starts, i, features), inputShape, reach, draw);
    }
    return starts;
  };

  const known: { readonly images: Float32Array; readonly targets: Float32Array }[] = [];
  /** New points with the model's answers as probabilities, or known ones. */
  const examplesAt = async (step: number) => {
    if (step % NEW_EVERY !== 0) return known[stream.child(`repeat/${step}`).integer(known.length)];
    const points = await pointsAt(step);
    const targets = await softmaxRows(
      (await ask(points)).map((value) => value * scale),
      classes,
    );
    known.push({ images: points, targets });
    return { images: points, targets };
  };

  for (let step = 0; step < steps; step++) {
    optimizer.learningRate = learningRateAt(LEARNING_RATE, step, steps);
    await trainingStep.run(await examplesAt(step));
    onStep?.();
    // Lets a signal or a timer through: the engine works synchronously.
    if (step % 16 === 0) await new Promise(setImmediate);
  }
  trainingStep.dispose();
  optimizer.dispose();
  return { classifier, dispose: () => surrogate.dispose() };
}

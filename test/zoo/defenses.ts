/**
 * Planted defenses: classifiers that answer as an ordinary network does and hide its gradients.
 *
 * Each is made from a base network. What it adds is one of three things, and that gives its bound:
 * - `answers`: a map of the logits that keeps their order at the top. Every adversarial example of
 *   the base network is one of the defense.
 * - `pixels`: a map of the image that moves no pixel by more than `shift`. Adversarial examples of
 *   the base network that keep a margin carry over.
 * - `random`: either, with noise drawn at every call, too small to change many answers.
 *
 * The bound of a defense is therefore measured, not trusted: `bound.ts` attacks the open form, the
 * same answers with the gradients of the base network, and counts what the defense itself gets wrong.
 */
import * as tf from '@tensorflow/tfjs-core';
import { RandomStream } from '../../src/engine/index.ts';
import type { Classifier, Logits } from '../../src/models/index.ts';

/** What makes it hard to attack. */
export type DefenseKind =
  | 'saturation'
  | 'scale'
  | 'misleading-leak'
  | 'hard-staircase'
  | 'soft-staircase'
  | 'waves'
  | 'random-linear-view'
  | 'dead-relu'
  | 'rounded-logits'
  | 'random-logits'
  | 'input-noise'
  | 'k-winners'
  | 'probabilities'
  | 'offset';

export interface Defense {
  readonly name: string;
  readonly kind: DefenseKind;
  /** How its answers relate to those of the base network; see above. */
  readonly acts: 'answers' | 'pixels' | 'random';
  /** The largest change of a pixel on the way to the base network, in pixel values. */
  readonly shift: number;
  /** Plants it around a base network. */
  plant(base: Classifier): Classifier;
  /** The same defense for an attacker who knows it: nearly the same answers, honest gradients. */
  open(base: Classifier): Classifier;
}

/** The open form of a defense that hides the base network's answers or adds noise to them. */
const asItIs = (base: Classifier) => base;

/** A map of logits `[N, classes]`; it may look at the images `[N, H, W, C]` too. */
type AnswerMap = (logits: tf.Tensor2D, images: tf.Tensor4D) => tf.Tensor;
type PixelMap = (images: tf.Tensor4D) => tf.Tensor;

const renamed = (base: Classifier, name: string, logits: Classifier['logits']): Classifier => ({
  ...base,
  name,
  logits: (images) => tf.tidy(() => logits(images)),
});

function ofAnswers(name: string, kind: DefenseKind, map: AnswerMap): Defense {
  const plant = (base: Classifier) =>
    renamed(base, name, (images) => map(base.logits(images), images) as Logits);
  return { name, kind, acts: 'answers', shift: 0, plant, open: asItIs };
}

function ofPixels(name: string, kind: DefenseKind, shift: number, map: PixelMap): Defense {
  const plant = (base: Classifier) =>
    renamed(base, name, (images) => base.logits(map(images) as tf.Tensor4D));
  /** The map forwards, the identity backwards. */
  const straight = tf.customGrad((images) => ({
    value: map(images as tf.Tensor4D),
    gradFunc: (gradient) => gradient,
  }));
  const open = (base: Classifier) =>
    renamed(base, `${name}, open`, (images) => base.logits(straight(images) as tf.Tensor4D));
  return { name, kind, acts: 'pixels', shift, plant, open };
}

/** A defense with its logits multiplied by 100: cross-entropy vanishes besides. */
function times100(defense: Defense): Defense {
  const name = `${defense.name}-x100`;
  const plant = (base: Classifier) => {
    const planted = defense.plant(base);
    return renamed(planted, name, (images) => tf.mul(planted.logits(images), 100) as Logits);
  };
  return { ...defense, name, plant };
}

/** Logits minus the largest of their row: 0 for the answer, negative for the others. */
const belowTop = (logits: tf.Tensor2D) => tf.sub(logits, tf.max(logits, 1, true));

/** 1 for the answer and 0 for the others; no gradient passes. */
const oneHotAnswer = (logits: tf.Tensor2D) =>
  tf.cast(tf.greaterEqual(logits, tf.max(logits, 1, true)), 'float32');

/** Standard normal numbers, always the same for a label. */
function normals(label: string, shape: readonly number[]): tf.Tensor {
  const stream = new RandomStream(1, `zoo/${label}`);
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => stream.normal()),
    [...shape],
  );
}

/** A random linear view of the images: `[N, classes]`, each value within [-1, 1]. */
function linearView(label: string, images: tf.Tensor4D, classes: number): tf.Tensor2D {
  const features = images.size / images.shape[0];
  const weights = normals(label, [features, classes]);
  const bounded = tf.div(weights, tf.sum(tf.abs(weights), 0, true));
  return tf.matMul(tf.reshape(images, [images.shape[0], features]), bounded as tf.Tensor2D);
}

/** Each class gets what belongs to the one before it. */
const nextClass = (logits: tf.Tensor2D) => {
  const classes = logits.shape[1];
  return tf.concat(
    [tf.slice(logits, [0, classes - 1], [-1, 1]), tf.slice(logits, [0, 0], [-1, classes - 1])],
    1,
  );
};

/** Steps at multiples of 1 / levels: no gradient. */
const stairs = (levels: number) => (images: tf.Tensor4D) =>
  tf.div(tf.round(tf.mul(images, levels)), levels);

/**
 * The same steps as ramps of ReLUs, `width` of a step wide; between them a slope (negative ones lead
 * the wrong way).
 */
const ramps = (levels: number, width: number, slope: number) => (images: tf.Tensor4D) => {
  const scaled = tf.mul(images, levels);
  let sum: tf.Tensor = tf.mul(scaled, slope);
  for (let step = 0; step < levels; step++) {
    const rise = tf.sub(
      tf.relu(tf.sub(scaled, step + 0.5 - width / 2)),
      tf.relu(tf.sub(scaled, step + 0.5 + width / 2)),
    );
    sum = tf.add(sum, tf.mul(rise, (1 - slope) / width));
  }
  return tf.div(sum, levels);
};

/** Waves of height `height`: the slope is 1 + height * frequency * cos(…), of either sign. */
const waves = (height: number, frequency: number) => (images: tf.Tensor4D) =>
  tf.add(images, tf.mul(tf.sin(tf.mul(images, frequency)), height));

/**
 * One unit a level, of which the nearest wins and passes its distance on with the wrong sign: the
 * slope is -1 nearly everywhere.
 */
const mirroredWinner = (levels: number) => (images: tf.Tensor4D) => {
  const winner = tf.div(tf.round(tf.mul(images, levels)), levels);
  return tf.sub(tf.mul(winner, 2), images);
};

/** Rounds coefficients in a random orthonormal basis (a Householder reflection). */
const roundedInRandomBasis = (step: number) => (images: tf.Tensor4D) => {
  const [count] = images.shape;
  const features = images.size / count;
  const axis = tf.reshape(normals('basis', [features]), [features, 1]) as tf.Tensor2D;
  const unit = tf.div(axis, tf.norm(axis)) as tf.Tensor2D;
  const reflect = (x: tf.Tensor) =>
    tf.sub(x, tf.mul(tf.matMul(tf.matMul(x as tf.Tensor2D, unit), tf.transpose(unit)), 2));
  const coefficients = reflect(tf.reshape(images, [count, features]));
  const rounded = tf.mul(tf.round(tf.div(coefficients, step)), step);
  return tf.reshape(reflect(rounded), images.shape);
};

/** Noise of its own for every call. */
function noiseSource(label: string): (shape: readonly number[]) => tf.Tensor {
  let call = 0;
  return (shape) => normals(`${label}/${call++}`, shape);
}

function withLogitNoise(name: string, map: AnswerMap, deviation: number): Defense {
  const plant = (base: Classifier) => {
    const draw = noiseSource(name);
    return renamed(base, name, (images) => {
      const logits = map(base.logits(images), images);
      return tf.add(logits, tf.mul(draw(logits.shape), deviation)) as Logits;
    });
  };
  return { name, kind: 'random-logits', acts: 'random', shift: 0, plant, open: asItIs };
}

function withInputNoise(name: string, deviation: number): Defense {
  const plant = (base: Classifier) => {
    const draw = noiseSource(name);
    return renamed(base, name, (images) =>
      base.logits(tf.add(images, tf.mul(draw(images.shape), deviation)) as tf.Tensor4D),
    );
  };
  const shift = 3 * deviation;
  return { name, kind: 'input-noise', acts: 'random', shift, plant, open: asItIs };
}

const noisyInput = withInputNoise('input-noise', 0.1);
const saturatedTanh = ofAnswers('tanh', 'saturation', (z) => tf.tanh(tf.mul(belowTop(z), 20)));
const oneHot = ofAnswers('one-hot', 'saturation', (z) => tf.softmax(tf.mul(z, 100)));
const randomLeak = ofAnswers('random-leak', 'misleading-leak', (z, x) =>
  tf.add(oneHotAnswer(z), tf.mul(linearView('leak', x, z.shape[1]), 0.01)),
);
const reversedLeak = ofAnswers('reversed-leak', 'misleading-leak', (z) =>
  tf.sub(oneHotAnswer(z), tf.mul(tf.tanh(tf.div(z, 50)), 0.01)),
);
const wrongClassLeak = ofAnswers('wrong-class-leak', 'misleading-leak', (z) =>
  tf.add(oneHotAnswer(z), tf.mul(tf.tanh(tf.div(nextClass(z), 50)), 0.01)),
);
const hardStairs = ofPixels('stairs-12', 'hard-staircase', 1 / 24, stairs(12));
const softStairs = ofPixels('ramps-12', 'soft-staircase', 1 / 24, ramps(12, 0.02, 0.001));
const fallingStairs = ofPixels('falling-ramps-12', 'soft-staircase', 1 / 12, ramps(12, 0.02, -0.5));
const slowWaves = ofPixels('waves', 'waves', 0.03, waves(0.03, 150));
const fastWaves = ofPixels('fast-waves', 'waves', 0.05, waves(0.05, 2000));
const deadRelu = ofAnswers('dead-relu', 'dead-relu', (z) => tf.relu(tf.add(belowTop(z), 0.05)));
const mirrored = ofPixels('mirrored-winner-16', 'k-winners', 1 / 16, mirroredWinner(16));
const oneWinner = ofAnswers('one-winner', 'k-winners', (z) =>
  tf.mul(oneHotAnswer(z), tf.sigmoid(tf.max(z, 1, true))),
);
const randomBasis = ofPixels(
  'rounded-in-random-basis',
  'random-linear-view',
  0.1,
  roundedInRandomBasis(0.1),
);
const probabilities = ofAnswers('probabilities', 'probabilities', (z) => tf.softmax(z));

/** The zoo: every kind, then combinations with logits times 100. */
export const DEFENSES: readonly Defense[] = [
  saturatedTanh,
  oneHot,
  ofAnswers('scale-100', 'scale', (z) => tf.mul(z, 100)),
  ofAnswers('scale-10000', 'scale', (z) => tf.mul(z, 1e4)),
  randomLeak,
  reversedLeak,
  wrongClassLeak,
  hardStairs,
  softStairs,
  fallingStairs,
  slowWaves,
  fastWaves,
  ofAnswers('steep-view', 'random-linear-view', (z, x) =>
    tf.add(
      tf.mul(oneHotAnswer(z), 1000),
      tf.mul(linearView('steep', tf.sin(tf.mul(x, 1000)), z.shape[1]), 400),
    ),
  ),
  randomBasis,
  deadRelu,
  ofPixels('dead-pixels', 'dead-relu', 1 / 32, (x) =>
    tf.add(stairs(16)(x), tf.relu(tf.sub(x, 1e3))),
  ),
  ofAnswers('rounded-logits', 'rounded-logits', (z) =>
    tf.add(tf.round(tf.div(belowTop(z), 4)), tf.mul(oneHotAnswer(z), 0.5)),
  ),
  ofAnswers('ranks', 'rounded-logits', (z) => {
    const isAbove = tf.step(tf.sub(tf.expandDims(z, 2), tf.expandDims(z, 1)));
    return tf.sum(isAbove, 2);
  }),
  withLogitNoise('logit-noise', (z) => z, 0.3),
  withLogitNoise('one-hot-noise', (z) => oneHotAnswer(z), 0.1),
  noisyInput,
  oneWinner,
  mirrored,
  probabilities,
  ofAnswers('offset-1e6', 'offset', (z) => tf.add(z, 1e6)),
  ofAnswers('offset-3e7', 'offset', (z) => tf.add(tf.mul(z, 10), 3e7)),
  times100(saturatedTanh),
  times100(randomLeak),
  times100(reversedLeak),
  times100(softStairs),
  times100(fallingStairs),
  times100(fastWaves),
  times100(mirrored),
  times100(probabilities),
  times100(noisyInput),
];

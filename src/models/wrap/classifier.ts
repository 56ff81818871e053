/** Makes a classifier of any differentiable function from images to logits, and tries it once. */
import * as tf from '@tensorflow/tfjs-core';
import { isOnDevice } from '../../engine/index.ts';
import { UserError } from '../../errors.ts';
import type { Classifier, Logits } from '../classifier.ts';
import { probeImages } from './probe.ts';

/** What is told of a model that is wrapped. */
export interface WrapOptions {
  /** For tables and records, such as `student`. */
  readonly name: string;
  /** Values that the model takes for black and for white; images in [0, 1] are mapped onto it. */
  readonly inputRange?: readonly [black: number, white: number];
  /** The softmax temperature of its training; 1 for an ordinary model, the default. */
  readonly temperature?: number;
}

/** What is told of a function besides. */
export interface FunctionOptions extends WrapOptions {
  /** `[height, width, channels]` of one image. */
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
}

function checkOptions({ name, inputShape, classes, inputRange, temperature }: FunctionOptions) {
  const [black, white] = inputRange ?? [0, 1];
  const faults: [boolean, string][] = [
    [name === '', 'the name of a model must not be empty'],
    [
      inputShape.length !== 3 || !inputShape.every((side) => Number.isInteger(side) && side > 0),
      `an input shape is [height, width, channels], not [${inputShape.join(', ')}]`,
    ],
    [!Number.isInteger(classes) || classes < 2, `a model has 2 classes or more, not ${classes}`],
    [
      !Number.isFinite(black) || !Number.isFinite(white) || black === white,
      `an input range is two different numbers, not [${black}, ${white}]`,
    ],
    [!((temperature ?? 1) > 0), `a temperature is above 0, not ${temperature}`],
  ];
  const fault = faults.find(([isWrong]) => isWrong);
  if (fault) throw new UserError('bad-wrap', `${name || 'a model'}: ${fault[1]}`);
}

/** The images as the model takes them. */
function inRange(images: tf.Tensor4D, [black, white]: readonly [number, number]): tf.Tensor4D {
  if (black === 0 && white === 1) return images;
  return tf.add(tf.mul(images, white - black), black);
}

function checkOutput(name: string, output: unknown, count: number, classes: number): Logits {
  const shape = output instanceof tf.Tensor ? output.shape : undefined;
  if (shape?.length === 2 && shape[0] === count && shape[1] === classes) return output as Logits;
  const found = shape ? `a tensor of shape [${shape.join(', ')}]` : typeof output;
  throw new UserError(
    'bad-logits',
    `${name}: logits of ${count} images are a tensor of shape [${count}, ${classes}], found ${found}`,
    { hint: 'return one row of class scores for each image' },
  );
}

/** Refuses logits that an attack could not use. */
function checkLogits(name: string, rows: readonly (readonly number[])[]): void {
  if (!rows.flat().every(Number.isFinite)) {
    throw new UserError('bad-logits', `${name} gave logits that are not finite`, {
      hint: 'check the weights and the input range',
    });
  }
  const areProbabilities = rows.every(
    (row) => row.every((p) => p >= 0 && p <= 1) && Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-3,
  );
  if (areProbabilities) {
    throw new UserError(
      'probabilities',
      `${name} gives probabilities, not logits: with softmax before the loss, gradients vanish`,
      { hint: `return the ${rows[0].length} values before the softmax` },
    );
  }
}

/**
 * Runs the model and its gradient on a few images; refuses what an attack could not use. On a GPU it does
 * not look at the values, for which it would have to wait.
 */
function tryOut(classifier: Classifier): void {
  const { name, inputShape } = classifier;
  const images = probeImages(inputShape);
  const isHere = !isOnDevice();
  tf.tidy(() => {
    const logits = classifier.logits(images);
    if (isHere) checkLogits(name, logits.arraySync());
  });
  try {
    tf.tidy(() => {
      const gradient = tf.grad((x) => tf.sum(classifier.logits(x as tf.Tensor4D)))(images);
      if (isHere) gradient.dataSync();
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new UserError('not-differentiable', `${name} has no gradient: ${reason}`, {
      hint: 'build it of operations with gradients, or give a substitute with tf.customGrad (BPDA)',
      cause,
    });
  }
  images.dispose();
}

/**
 * Any differentiable function as a classifier: a model of another kind, a model behind your own
 * preprocessing, a sum of models.
 *
 * An engine must be running (`startEngine`), because the function and its gradient are tried once,
 * on random images.
 *
 * @param logits gets images `[N, H, W, C]`, float32 in `inputRange` (default [0, 1]), and returns
 *   logits `[N, classes]`, made of TensorFlow.js operations that have gradients
 * @throws UserError `bad-wrap`, `bad-logits`, `probabilities`, `not-differentiable`
 */
export function wrapFunction(
  logits: (images: tf.Tensor4D) => tf.Tensor,
  options: FunctionOptions,
): Classifier {
  checkOptions(options);
  const { name, inputShape, classes, inputRange = [0, 1], temperature = 1 } = options;
  const classifier: Classifier = {
    name,
    inputShape,
    classes,
    temperature,
    logits: (images) =>
      tf.tidy(() =>
        checkOutput(name, logits(inRange(images, inputRange)), images.shape[0], classes),
      ),
  };
  tryOut(classifier);
  return classifier;
}

/** Checks of what an imported model expects and returns: pixel range, logits. */
import * as tf from '@tensorflow/tfjs-core';
import { range, row } from '../../arrays.ts';
import { RandomStream, valuesOf } from '../../engine/index.ts';
import { costOf } from '../cost.ts';
import { Model } from '../model.ts';
import type { Network } from '../network.ts';
import { ImportError } from './errors.ts';
import type { BuiltNetwork } from './network-builder.ts';

/** A first step that divides by more than this expects pixels up to 255, not up to 1. */
const LARGE_DIVISOR = 32;
const MAX_PROBES = 16;
/** The largest classifiers of ImageNet take two thirds of this for one image. */
const MAX_WORK = 2 ** 35;
const MAX_NUMBERS = 2 ** 27;

/**
 * Refuses a network whose first layer shrinks pixels as only pixels from 0 to 255 need it.
 * @throws ImportError `bad-input-range`
 */
export function checkPixelRange({ network, weights }: BuiltNetwork): void {
  const [first] = network.layers;
  const scale = weights.find(({ spec }) => spec.name === `${first.name}/scale`)?.values;
  if (first.kind !== 'affine' || !scale?.every((x) => Math.abs(x) < 1 / LARGE_DIVISOR)) return;
  throw new ImportError(
    'bad-input-range',
    `the model first multiplies its pixels by ${scale[0].toPrecision(3)}, so it seems to expect 0 to 255`,
    'give the pixel range that it was trained with, 0,255 (or 0,1 if that is right)',
  );
}

/**
 * Refuses a network whose outputs are probabilities that could not be traced back to logits:
 * attacks need logits.
 * @throws ImportError `probabilities`
 */
export async function checkLogits({ network, weights }: BuiltNetwork): Promise<void> {
  const last = network.layers[network.layers.length - 1];
  const isSigmoid = last.kind === 'activation' && last.activation === 'sigmoid';
  if (isSigmoid || (await sumsToOne({ network, weights }))) {
    throw new ImportError(
      'probabilities',
      isSigmoid
        ? 'the model ends in a sigmoid, so its outputs are no logits of exclusive classes'
        : "the model's outputs are probabilities, and the softmax they come from was not found",
      'export the model without its last activation: attacks on probabilities see gradients vanish and report robustness that is not there',
    );
  }
}

/** How many random images the outputs can be looked at for, in a few seconds and any memory. */
function probesFor(network: Network): number {
  const { work, numbers } = costOf(network);
  const count = Math.floor(Math.min(MAX_WORK / work, MAX_NUMBERS / numbers, MAX_PROBES));
  if (count >= 1) return count;
  throw new ImportError(
    'too-large',
    `one image takes ${work.toPrecision(2)} multiplications and ${numbers.toPrecision(2)} numbers of memory`,
    'import a smaller model, or one for smaller images',
  );
}

async function sumsToOne({ network, weights }: BuiltNetwork): Promise<boolean> {
  const count = probesFor(network);
  const stream = new RandomStream(0, 'import/probes');
  const [height, width, channels] = network.inputShape;
  const pixels = Float32Array.from({ length: count * height * width * channels }, () =>
    stream.uniform(),
  );
  const model = new Model(network, weights, 1);
  const outputs = await valuesOf(() =>
    model.logits(tf.tensor4d(pixels, [count, height, width, channels])),
  );
  model.dispose();
  return range(count).every((i) => {
    const probabilities = row(outputs, i, network.classes);
    return (
      probabilities.every((value) => value >= 0) &&
      Math.abs(probabilities.reduce((sum, value) => sum + value, 0) - 1) < 1e-3
    );
  });
}

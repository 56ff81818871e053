/** `ImageMath` on tensors: images stay on the engine's device, and only logits travel at each step. */
import * as tf from '@tensorflow/tfjs-core';
import { range, row } from '../arrays.ts';
import { valuesOf } from '../engine/index.ts';
import type { ImageMath, Momentum, RowChange, Slopes, Step } from './image-math.ts';
import type { LossName } from './losses/registry.ts';
import { stepWithin } from './threat.ts';
import type { ClassTargets, Threat } from './types.ts';

/** The axes of one image in a batch. */
const PIXELS = [1, 2, 3];

/** Less than any length that matters, so that nothing is divided by zero. */
const TINY = 1e-30;

/** The passes of an `Oracle` that work on tensors. */
interface TensorPasses {
  readonly inputShape: readonly [number, number, number];
  logits(images: tf.Tensor4D): Promise<Float32Array>;
  /** Whether its gradient is finite is not looked at. */
  lossGradients(
    name: LossName,
    images: tf.Tensor4D,
    targets: ClassTargets,
  ): Promise<Slopes<tf.Tensor4D>>;
  /** @throws RunError `not-finite` unless the gradients whose sum this is are finite */
  check(sum: Float32Array): void;
}

/** A column `[count, 1, 1, 1]`, a number for each image. */
const column = (values: readonly number[]): tf.Tensor4D =>
  tf.tensor4d([...values], [values.length, 1, 1, 1]);

const sizeOf = (vectors: tf.Tensor4D): tf.Tensor4D =>
  tf.sqrt(tf.sum(tf.square(vectors), PIXELS, true));

function projected({ norm, eps }: Threat, originals: tf.Tensor4D, images: tf.Tensor4D) {
  if (norm === 'Linf') {
    const above = tf.maximum(images, tf.sub(originals, eps));
    return tf.clipByValue(tf.minimum(above, tf.add(originals, eps)), 0, 1);
  }
  const change = tf.sub<tf.Tensor4D>(images, originals);
  const scale = tf.div(eps, tf.maximum(sizeOf(change), Math.max(eps, TINY)));
  return tf.clipByValue(tf.add(originals, tf.mul(change, scale)), 0, 1);
}

/** Of length 1 in the norm, or 0 where the gradient is. */
function steepest(norm: Threat['norm'], gradient: tf.Tensor4D): tf.Tensor4D {
  if (norm === 'Linf') return tf.sign(gradient);
  // Scaled by the largest entry first: squares of a distilled model's gradients underflow.
  const peak = tf.max(tf.abs(gradient), PIXELS, true);
  const scaled = tf.div<tf.Tensor4D>(gradient, tf.where(tf.greater(peak, 0), peak, 1));
  return tf.div(scaled, tf.maximum(sizeOf(scaled), 1));
}

export class TensorMath implements ImageMath<tf.Tensor4D> {
  readonly #passes: TensorPasses;
  /** Fails where a gradient is not finite; waited for only when values are. */
  #checks: Promise<unknown> = Promise.resolve();

  constructor(passes: TensorPasses) {
    this.#passes = passes;
  }

  from(values: Float32Array): tf.Tensor4D {
    const { inputShape } = this.#passes;
    const features = inputShape.reduce((a, b) => a * b);
    return tf.tensor4d(values, [values.length / features, ...inputShape]);
  }

  copy(images: tf.Tensor4D): tf.Tensor4D {
    return tf.clone(images);
  }

  free(...images: (tf.Tensor4D | undefined)[]): void {
    for (const one of images) one?.dispose();
  }

  async values(images: tf.Tensor4D, rows: readonly number[]): Promise<Float32Array> {
    await this.#checks;
    return valuesOf(() => tf.gather(images, [...rows]));
  }

  logits(images: tf.Tensor4D): Promise<Float32Array> {
    return this.#passes.logits(images);
  }

  async lossGradients(
    name: LossName,
    images: tf.Tensor4D,
    targets: ClassTargets,
  ): Promise<Slopes<tf.Tensor4D>> {
    const slopes = await this.#passes.lossGradients(name, images, targets);
    // 0 unless an entry is not finite; a sum of the entries themselves might overflow.
    const check = valuesOf(() => tf.sum(tf.mul(slopes.gradient, 0))).then(this.#passes.check);
    this.#checks = Promise.all([this.#checks, check]);
    this.#checks.catch(() => {});
    return slopes;
  }

  keep(images: tf.Tensor4D, rows: readonly number[]): tf.Tensor4D {
    return become(images, () => tf.gather(images, [...rows]));
  }

  replace(images: tf.Tensor4D, rows: readonly number[], others: tf.Tensor4D): tf.Tensor4D {
    if (rows.length === 0) return images;
    const chosen = new Set(rows);
    const mask = range(images.shape[0]).map((i) => Number(chosen.has(i)));
    return become(images, () => tf.where(tf.cast(column(mask), 'bool'), others, images));
  }

  async step(images: tf.Tensor4D, step: Step<tf.Tensor4D>): Promise<tf.Tensor4D> {
    const { threat, originals, directions, sizes, sparsity } = step;
    if (threat.norm === 'Linf' || threat.norm === 'L2') {
      return become(images, () => {
        const move = tf.mul(steepest(threat.norm, directions), column(sizes));
        return projected(threat, originals, tf.add(images, move));
      });
    }
    return this.changeRows(
      images,
      (i, image, [original, direction]) => {
        stepWithin(threat, original, direction, sizes[i], image, sparsity);
      },
      originals,
      directions,
    );
  }

  addMomentum(images: tf.Tensor4D, momentum: Momentum<tf.Tensor4D>): tf.Tensor4D {
    const { threat, originals, starts, previous, weight } = momentum;
    return become(images, () => {
      const move = tf.mul(tf.sub(images, starts), weight);
      const last = tf.mul(tf.sub(starts, previous), 1 - weight);
      return projected(threat, originals, tf.add(tf.add<tf.Tensor4D>(starts, move), last));
    });
  }

  accumulate(velocity: tf.Tensor4D, decay: number, gradient: tf.Tensor4D): tf.Tensor4D {
    return become(velocity, () => {
      const total = tf.sum(tf.abs(gradient), PIXELS, true);
      const scaled = tf.div(gradient, tf.where(tf.greater(total, 0), total, 1));
      return tf.add(tf.mul(velocity, decay), scaled);
    });
  }

  async changeRows(
    images: tf.Tensor4D,
    change: RowChange,
    ...others: tf.Tensor4D[]
  ): Promise<tf.Tensor4D> {
    const rows = range(images.shape[0]);
    const [values, ...rest] = await Promise.all(
      [images, ...others].map((each) => this.values(each, rows)),
    );
    const features = values.length / rows.length;
    for (const i of rows) {
      change(
        i,
        row(values, i, features),
        rest.map((other) => row(other, i, features)),
      );
    }
    images.dispose();
    return this.from(values);
  }
}

/** What `compute` makes of images, which end. */
function become(images: tf.Tensor4D, compute: () => tf.Tensor): tf.Tensor4D {
  const next = tf.tidy(compute);
  images.dispose();
  return next as tf.Tensor4D;
}

/**
 * What gradient ascent does with the images of a batch, wherever they are: in arrays, as here, or on the
 * device of an engine that computes apart from this program (`tensor-math.ts`), where they stay from one
 * step to the next.
 *
 * A function that changes images takes them over: it returns what they have become, and its argument is
 * used no more. What is not taken over belongs to the caller, who ends it with `free`.
 */
import { gather, range, row } from '../arrays.ts';
import type { LossName } from './losses/registry.ts';
import { project, stepWithin } from './threat.ts';
import type { ClassTargets, Threat } from './types.ts';

/** A loss at images, its gradients there, and what the model answered. */
export interface Slopes<Images> {
  /** `[count, classes]` */
  readonly logits: Float32Array;
  /** `[count]` */
  readonly values: Float32Array;
  readonly gradient: Images;
}

/** A step of steepest ascent that stays in ball and box. */
export interface Step<Images> {
  readonly threat: Threat;
  readonly originals: Images;
  readonly directions: Images;
  /** Its length in the norm of the threat, for each image. */
  readonly sizes: readonly number[];
  /** L1 only: share of the features that it moves. */
  readonly sparsity: number;
}

/** Images a step further, by that step and by the step before it. */
export interface Momentum<Images> {
  readonly threat: Threat;
  readonly originals: Images;
  /** Where the images were before their step, and before the one before. */
  readonly starts: Images;
  readonly previous: Images;
  /** Share of the new step, in [0, 1]; that of the last one makes up the rest. */
  readonly weight: number;
}

/** Changes one image in place, given the same row of other images. */
export type RowChange = (index: number, image: Float32Array, others: Float32Array[]) => void;

export interface ImageMath<Images> {
  /** Images `[count, H, W, C]` of an array, which is taken over. */
  from(values: Float32Array): Images;
  copy(images: Images): Images;
  free(...images: (Images | undefined)[]): void;
  /** The values of some rows. @throws RunError `not-finite` where a gradient before this was not finite */
  values(images: Images, rows: readonly number[]): Promise<Float32Array>;
  /** Logits `[count, classes]`. @throws RunError `not-finite` */
  logits(images: Images): Promise<Float32Array>;
  /** @throws RunError `not-finite` */
  lossGradients(name: LossName, images: Images, targets: ClassTargets): Promise<Slopes<Images>>;
  /** Only those rows. */
  keep(images: Images, rows: readonly number[]): Images;
  /** The images, but those of `others` at some rows. */
  replace(images: Images, rows: readonly number[], others: Images): Images;
  step(images: Images, step: Step<Images>): Promise<Images>;
  addMomentum(images: Images, momentum: Momentum<Images>): Images;
  /** decay * velocity + gradient / |gradient|_1 (Dong et al. 2018). */
  accumulate(velocity: Images, decay: number, gradient: Images): Images;
  /** Any other change, on arrays wherever the images are. */
  changeRows(images: Images, change: RowChange, ...others: Images[]): Promise<Images>;
}

/** The passes of an `Oracle` that work on arrays. */
interface ArrayPasses {
  readonly features: number;
  logits(images: Float32Array): Promise<Float32Array>;
  lossGradients(
    name: LossName,
    images: Float32Array,
    targets: ClassTargets,
  ): Promise<Slopes<Float32Array>>;
}

/** Images in arrays, row after row, changed in place. */
export class ArrayMath implements ImageMath<Float32Array> {
  readonly #passes: ArrayPasses;

  constructor(passes: ArrayPasses) {
    this.#passes = passes;
  }

  from(values: Float32Array): Float32Array {
    return values;
  }

  copy(images: Float32Array): Float32Array {
    return images.slice();
  }

  free(): void {}

  async values(images: Float32Array, rows: readonly number[]): Promise<Float32Array> {
    return gather(images, rows, this.#passes.features);
  }

  logits(images: Float32Array): Promise<Float32Array> {
    return this.#passes.logits(images);
  }

  lossGradients(
    name: LossName,
    images: Float32Array,
    targets: ClassTargets,
  ): Promise<Slopes<Float32Array>> {
    return this.#passes.lossGradients(name, images, targets);
  }

  keep(images: Float32Array, rows: readonly number[]): Float32Array {
    return gather(images, rows, this.#passes.features);
  }

  replace(images: Float32Array, rows: readonly number[], others: Float32Array): Float32Array {
    for (const i of rows) this.#row(images, i).set(this.#row(others, i));
    return images;
  }

  async step(images: Float32Array, step: Step<Float32Array>): Promise<Float32Array> {
    const { threat, originals, directions, sizes, sparsity } = step;
    for (const i of range(sizes.length)) {
      const [original, direction] = [this.#row(originals, i), this.#row(directions, i)];
      stepWithin(threat, original, direction, sizes[i], this.#row(images, i), sparsity);
    }
    return images;
  }

  addMomentum(images: Float32Array, momentum: Momentum<Float32Array>): Float32Array {
    const { threat, originals, starts, previous, weight } = momentum;
    for (let p = 0; p < images.length; p++) {
      const last = (1 - weight) * (starts[p] - previous[p]);
      images[p] = starts[p] + weight * (images[p] - starts[p]) + last;
    }
    for (const i of range(images.length / this.#passes.features)) {
      project(threat, this.#row(originals, i), this.#row(images, i));
    }
    return images;
  }

  accumulate(velocity: Float32Array, decay: number, gradient: Float32Array): Float32Array {
    for (const i of range(velocity.length / this.#passes.features)) {
      accumulate(this.#row(velocity, i), decay, this.#row(gradient, i));
    }
    return velocity;
  }

  async changeRows(
    images: Float32Array,
    change: RowChange,
    ...others: Float32Array[]
  ): Promise<Float32Array> {
    for (const i of range(images.length / this.#passes.features)) {
      change(
        i,
        this.#row(images, i),
        others.map((other) => this.#row(other, i)),
      );
    }
    return images;
  }

  #row(images: Float32Array, index: number): Float32Array {
    return row(images, index, this.#passes.features);
  }
}

/** velocity = decay * velocity + gradient / |gradient|_1, in place. */
export function accumulate(velocity: Float32Array, decay: number, gradient: Float32Array): void {
  let total = 0;
  for (let i = 0; i < gradient.length; i++) total += Math.abs(gradient[i]);
  const scale = total === 0 ? 0 : 1 / total;
  for (let i = 0; i < velocity.length; i++) {
    velocity[i] = decay * velocity[i] + gradient[i] * scale;
  }
}

import type { Dataset, Labels } from '../data/index.ts';

/**
 * Images with a target distribution each: one-hot labels, or soft labels. Images stay bytes,
 * soft labels float32; a batch at a time becomes floats.
 */
export class TrainingSet {
  readonly count: number;
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  readonly images: Uint8Array;
  /** True classes, for accuracy; the targets of hard-label training. */
  readonly labels: Labels;
  readonly #softLabels: Float32Array | undefined;

  /** @param softLabels `[count, classes]`, rows sum to 1; absent: one-hot labels are the targets */
  constructor(
    dataset: Pick<Dataset, 'shape' | 'classes' | 'images' | 'labels'>,
    softLabels?: Float32Array,
  ) {
    this.count = dataset.labels.length;
    this.shape = dataset.shape;
    this.classes = dataset.classes;
    this.images = dataset.images;
    this.labels = dataset.labels;
    this.#softLabels = softLabels;
  }

  /** Target distributions at `positions`: `[positions.length, classes]`. */
  targetsAt(positions: ArrayLike<number>): Float32Array {
    const { classes } = this;
    const targets = new Float32Array(positions.length * classes);
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i];
      if (this.#softLabels) {
        const row = this.#softLabels.subarray(position * classes, (position + 1) * classes);
        targets.set(row, i * classes);
      } else {
        targets[i * classes + this.labels[position]] = 1;
      }
    }
    return targets;
  }
}

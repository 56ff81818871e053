import * as tf from '@tensorflow/tfjs-core';
import { row } from '../arrays.ts';
import { isOnDevice, RecordedPass, valuesOf } from '../engine/index.ts';
import { RunError } from '../errors.ts';
import { type Classifier, compiledOf } from '../models/index.ts';
import { ArrayMath, type ImageMath } from './image-math.ts';
import { type LossName, lossFor } from './losses/registry.ts';
import { TensorMath } from './tensor-math.ts';
import type { ClassTargets } from './types.ts';

const GRADIENTS = 'input gradients';

/** Logits and input gradients of a batch. */
export interface Gradients {
  /** `[count, classes]` */
  readonly logits: Float32Array;
  /** `[count, H, W, C]` */
  readonly gradient: Float32Array;
}

/**
 * A model as an attack sees it: plain arrays in, plain arrays out, every pass counted.
 *
 * All tensors live and die in here, so that attacks are arithmetic on `Float32Array`s; gradient ascent
 * is written for both (`withImages`). A pass over one image counts as one, whatever batch it traveled in.
 */
export class Oracle {
  readonly classifier: Classifier;
  /** Values in one image. */
  readonly features: number;
  readonly classes: number;
  #forwards = 0;
  #backwards = 0;
  readonly #queries: Int32Array;

  /** @param examples how many images the batch has whose queries are counted */
  constructor(classifier: Classifier, examples = 0) {
    this.classifier = classifier;
    this.#queries = new Int32Array(examples);
    this.classes = classifier.classes;
    const [height, width, channels] = classifier.inputShape;
    this.features = height * width * channels;
  }

  /** Passes so far, counted in images. */
  get cost(): { readonly forwards: number; readonly backwards: number } {
    return { forwards: this.#forwards, backwards: this.#backwards };
  }

  /**
   * For each example of the batch, how many points the model was asked about for its sake; undefined
   * where not all passes were queries about an example, or none was made.
   */
  get queries(): readonly number[] | undefined {
    const asked = this.#queries.reduce((a, b) => a + b, 0);
    const isComplete = asked > 0 && asked === this.#forwards && this.#backwards === 0;
    return isComplete ? [...this.#queries] : undefined;
  }

  #batch(images: Float32Array): tf.Tensor4D {
    return tf.tensor4d(images, [
      images.length / this.features,
      ...this.classifier.inputShape,
    ] as const);
  }

  #checked(values: Float32Array, what: string): Float32Array {
    // A sum is finite unless a part is not (float64 has room for any number of float32 values).
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i];
    if (Number.isFinite(sum)) return values;
    throw new RunError('not-finite', `${this.classifier.name} gave ${what} that are not finite`, {
      hint: 'check the model: its training may have diverged',
    });
  }

  /**
   * Logits `[count, classes]` of images `[count, H, W, C]`.
   * @param examples for which example of the batch each image is a query
   * @throws RunError `not-finite`
   */
  async logits(images: Float32Array, examples: readonly number[] = []): Promise<Float32Array> {
    if (images.length === 0) return new Float32Array(0);
    this.#forwards += images.length / this.features;
    for (const example of examples) this.#queries[example]++;
    const logits =
      compiledOf(this.classifier)?.logits(images) ??
      (await valuesOf(() => this.classifier.logits(this.#batch(images))));
    return this.#checked(logits, 'logits');
  }

  /**
   * Carries a gradient with respect to the logits back to the images: one forward and one backward
   * pass. `cotangent` gets the logits `[count, classes]` and returns the gradient to carry, same shape.
   * @throws RunError `not-finite`
   */
  async backward(
    images: Float32Array,
    cotangent: (logits: Float32Array) => Float32Array,
  ): Promise<Gradients> {
    if (images.length === 0) return { logits: new Float32Array(0), gradient: new Float32Array(0) };
    this.#countBoth(images.length / this.features);
    const checked = (logits: Float32Array) => cotangent(this.#checked(logits, 'logits'));
    const { logits, gradient } =
      compiledOf(this.classifier)?.pullBack(images, checked) ??
      (await this.#pullBack(images, checked));
    return { logits, gradient: this.#checked(gradient, GRADIENTS) };
  }

  #countBoth(count: number): void {
    this.#forwards += count;
    this.#backwards += count;
  }

  async #pullBack(
    images: Float32Array,
    cotangent: (logits: Float32Array) => Float32Array,
  ): Promise<Gradients> {
    const input = this.#batch(images);
    try {
      const { logits, gradient } = await this.#pullBackTensor(input, cotangent);
      return { logits, gradient: await valuesOf(() => gradient) };
    } finally {
      input.dispose();
    }
  }

  /** As `#pullBack`; the gradient is left where it was computed, and belongs to the caller. */
  async #pullBackTensor(
    input: tf.Tensor4D,
    cotangent: (logits: Float32Array) => Float32Array,
  ): Promise<{ readonly logits: Float32Array; readonly gradient: tf.Tensor4D }> {
    const pass = new RecordedPass<tf.Tensor2D>(() => this.classifier.logits(input));
    try {
      const logits = await pass.value.data<'float32'>();
      const gradient = tf.tidy(() => {
        const [found] = pass.gradients([input], tf.tensor2d(cotangent(logits), pass.value.shape));
        if (!found) throw new Error(`the logits of ${this.classifier.name} depend on no pixel`);
        return found;
      });
      return { logits, gradient: gradient as tf.Tensor4D };
    } finally {
      pass.dispose();
    }
  }

  /** Values `[count]` of a loss at logits `[count, classes]`, and its gradients if `into` is given. */
  losses(
    name: LossName,
    logits: Float32Array,
    classTargets: ClassTargets,
    into: Float32Array = new Float32Array(logits.length),
  ): Float32Array {
    const { classes } = this;
    const { temperature } = this.classifier;
    const { labels, targets } = classTargets;
    const lossAt = lossFor(name, classes, targets !== undefined);
    const values = new Float32Array(logits.length / classes);
    for (let i = 0; i < values.length; i++) {
      const own = { label: labels[i], target: targets?.[i], temperature };
      values[i] = lossAt(row(logits, i, classes), own, row(into, i, classes));
    }
    return values;
  }

  /** The loss of every image, its input gradient and the logits: one forward, one backward pass. */
  async lossGradients(
    name: LossName,
    images: Float32Array,
    classTargets: ClassTargets,
  ): Promise<Gradients & { readonly values: Float32Array }> {
    const loss = this.#lossToCarry(name, classTargets);
    const gradients = await this.backward(images, loss.cotangent);
    return { ...gradients, values: loss.values };
  }

  /** What carries a loss back to the images; its values `[count]` are there once the logits were. */
  #lossToCarry(name: LossName, classTargets: ClassTargets) {
    const loss = {
      values: new Float32Array(0) as Float32Array,
      cotangent: (logits: Float32Array): Float32Array => {
        const gradient = new Float32Array(logits.length);
        loss.values = this.losses(name, logits, classTargets, gradient);
        return gradient;
      },
    };
    return loss;
  }

  /**
   * What `body` makes of arithmetic on images, and of passes over them, where the engine has them: on its
   * device, or in arrays.
   * @internal
   */
  withImages<Result>(body: <Images>(math: ImageMath<Images>) => Result): Result {
    return isOnDevice() ? body(this.tensorMath()) : body(new ArrayMath(this));
  }

  /**
   * Arithmetic on tensors, which any engine can do; passes are counted as those over arrays are.
   * @internal
   */
  tensorMath(): TensorMath {
    return new TensorMath({
      inputShape: this.classifier.inputShape,
      logits: async (images) => {
        this.#forwards += images.shape[0];
        const logits = await valuesOf(() => this.classifier.logits(images));
        return this.#checked(logits, 'logits');
      },
      lossGradients: async (name, images, classTargets) => {
        this.#countBoth(images.shape[0]);
        const loss = this.#lossToCarry(name, classTargets);
        const gradients = await this.#pullBackTensor(images, (logits) =>
          loss.cotangent(this.#checked(logits, 'logits')),
        );
        return { ...gradients, values: loss.values };
      },
      check: (sum) => {
        this.#checked(sum, GRADIENTS);
      },
    });
  }
}

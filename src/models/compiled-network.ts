/**
 * A network's logits and input gradients as recorded plans, where the engine has them: one call of
 * compiled code instead of TensorFlow.js's many, with the same bits.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  compiledBackend,
  type Plan,
  type Recording,
  recordPlan,
  type Span,
} from '../engine/index.ts';
import type { Classifier, Logits } from './classifier.ts';

/** Plans for batches of one size, each made when it is first needed. */
interface ForwardPlan {
  readonly plan: Plan;
  readonly images: Span;
  readonly logits: Span;
}

/** Its first part gives the logits, the second one carries the cotangent back. */
interface PullBackPlan extends ForwardPlan {
  readonly cotangent: Span;
  readonly gradient: Span;
}

/** Above this many bytes the calls themselves take so long that nothing is gained. */
const LARGEST_ARENA = 2 ** 30;
/** Batches shrink image by image as an attack succeeds; a plan takes a few KiB. */
const MOST_PLANS = 1024;

/** Plans of one kind by the number of images in a batch, each recorded when it is first needed. */
class SizedPlans<P extends ForwardPlan> {
  readonly #record: (count: number) => P | undefined;
  readonly #plans = new Map<number, P>();
  /** False once a recording has failed: the network has layers that run in JavaScript. */
  #isRecordable = true;

  constructor(record: (count: number) => P | undefined) {
    this.#record = record;
  }

  at(count: number): P | undefined {
    const known = this.#plans.get(count);
    if (known || !this.#isRecordable) return known;
    if (this.#plans.size >= MOST_PLANS) this.dispose();
    const recorded = this.#record(count);
    this.#isRecordable = recorded !== undefined;
    if (recorded) this.#plans.set(count, recorded);
    return recorded;
  }

  dispose(): void {
    for (const { plan } of this.#plans.values()) plan.dispose();
    this.#plans.clear();
    this.#isRecordable = true;
  }
}

export interface CompiledGradients {
  /** `[count, classes]` */
  readonly logits: Float32Array;
  /** `[count, H, W, C]` */
  readonly gradient: Float32Array;
}

/** Logits and input gradients of a model by plans; undefined where the engine or the model has none. */
export interface Compiled {
  /** Logits `[count, classes]` of images `[count, H, W, C]`. */
  logits(images: Float32Array): Float32Array | undefined;
  /** The logits, and the gradient that `cotangent` gives for them carried back to the images. */
  pullBack(
    images: Float32Array,
    cotangent: (logits: Float32Array) => Float32Array,
  ): CompiledGradients | undefined;
}

export class CompiledNetwork implements Compiled {
  readonly #forward: (images: tf.Tensor4D) => Logits;
  readonly #variables: readonly tf.Variable[];
  readonly #inputShape: readonly [number, number, number];
  readonly #classes: number;
  readonly #forwardPlans = new SizedPlans((count) => this.#recordForward(count));
  readonly #pullBackPlans = new SizedPlans((count) => this.#recordBoth(count));
  /** The one that the plans are for. */
  #backend: tf.KernelBackend | undefined;

  /** @param forward differentiable; of tensors it reads only `variables` and constants */
  constructor(
    forward: (images: tf.Tensor4D) => Logits,
    variables: readonly tf.Variable[],
    inputShape: readonly [number, number, number],
    classes: number,
  ) {
    this.#forward = forward;
    this.#variables = variables;
    this.#inputShape = inputShape;
    this.#classes = classes;
  }

  logits(images: Float32Array): Float32Array | undefined {
    const found = this.#planFor(images, this.#forwardPlans);
    return found && this.#logits(found, images);
  }

  pullBack(
    images: Float32Array,
    cotangent: (logits: Float32Array) => Float32Array,
  ): CompiledGradients | undefined {
    const found = this.#planFor(images, this.#pullBackPlans);
    if (found === undefined) return undefined;
    const { plan } = found;
    const logits = this.#logits(found, images);
    plan.at(found.cotangent).set(cotangent(logits));
    plan.run(1);
    return { logits, gradient: plan.at(found.gradient).slice() };
  }

  #logits({ plan, ...spans }: ForwardPlan, images: Float32Array): Float32Array {
    plan.at(spans.images).set(images);
    plan.run(0);
    return plan.at(spans.logits).slice();
  }

  #planFor<P extends ForwardPlan>(images: Float32Array, plans: SizedPlans<P>): P | undefined {
    const backend = compiledBackend();
    if (backend !== this.#backend) this.dispose();
    this.#backend = backend;
    return backend && plans.at(images.length / this.#inputShape.reduce((a, b) => a * b));
  }

  /** Without gradients, which TensorFlow.js computes by other kernels: rounding may differ. */
  #recordForward(count: number): ForwardPlan | undefined {
    return this.#record((recording) => {
      const images = recording.input<tf.Rank.R4>([count, ...this.#inputShape]);
      const logits = recording.output(this.#forward(images.tensor));
      return { images: images.span, logits };
    });
  }

  #recordBoth(count: number): PullBackPlan | undefined {
    return this.#record((recording) => {
      const images = recording.input<tf.Rank.R4>([count, ...this.#inputShape]);
      const cotangent = recording.input([count, this.#classes]);
      let logits: Span | undefined;
      const carry = tf.grad((input) => {
        const output = this.#forward(input as tf.Tensor4D);
        logits = recording.output(output);
        recording.endPart();
        return tf.customGrad(() => ({
          value: tf.scalar(0),
          gradFunc: () => cotangent.tensor,
        }))(output);
      });
      const gradient = recording.output(carry(images.tensor));
      if (!logits) throw new Error('the forward pass did not run');
      return { images: images.span, logits, cotangent: cotangent.span, gradient };
    });
  }

  #record<Spans extends object>(
    body: (recording: Recording) => Spans,
  ): ({ readonly plan: Plan } & Spans) | undefined {
    const backend = compiledBackend();
    const recorded = backend && recordPlan(backend, this.#variables, body);
    if (recorded === undefined) return undefined;
    const { plan, marks } = recorded;
    if (plan.arenaBytes <= LARGEST_ARENA) return { plan, ...marks };
    plan.dispose();
    return undefined;
  }

  dispose(): void {
    this.#forwardPlans.dispose();
    this.#pullBackPlans.dispose();
  }
}

const compiled = new WeakMap<Classifier['logits'], Compiled>();

/** Notes the compiled form of a classifier's function. */
export function setCompiled(logits: Classifier['logits'], form: Compiled): void {
  compiled.set(logits, form);
}

/**
 * The compiled form of a classifier. It belongs to the function `logits`, so that a copy of the
 * classifier with another function has none.
 */
export const compiledOf = ({ logits }: Classifier): Compiled | undefined => compiled.get(logits);

/**
 * One step of training: the cross-entropy's gradients, and the optimizer's update. Where the engine has
 * compiled kernels, all steps but the first run as a recorded plan, with the same bits.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  compiledBackend,
  type Plan,
  type RandomStream,
  recordPlan,
  type Span,
} from '../engine/index.ts';
import { type DropoutMask, dropoutMask, type Model } from '../models/index.ts';
import { crossEntropy } from './loss.ts';
import type { TemperatureOptimizer } from './optimizer.ts';

interface StepInput {
  /** `[N, H, W, C]` in [0, 1] */
  readonly images: Float32Array;
  /** `[N, classes]`, rows sum to 1 */
  readonly targets: Float32Array;
}

export interface StepResult {
  /** Before the update, in nats. */
  readonly loss: number;
  /** `[N, classes]`, before the update. */
  readonly logits: Float32Array;
}

/** A plan for batches of one size. */
interface SizedPlan {
  readonly plan: Plan;
  readonly images: Span;
  readonly targets: Span;
  /** In the order of the model's dropout layers. */
  readonly masks: readonly Span[];
  readonly loss: Span;
  readonly logits: Span;
}

/** Dropout factors that are drawn from a stream, a child for each layer. */
export const drawnFrom =
  (stream: RandomStream): DropoutMask =>
  ({ name, rate }, shape) =>
    tf.tensor(dropoutMask(tf.util.sizeFromShape(shape), rate, stream.child(name)), shape);

/** Waits for what a step made, and disposes it: its loss, and logits `[N, classes]` that were kept. */
export async function stepResult(
  loss: tf.Scalar,
  logits: tf.Tensor | undefined,
): Promise<StepResult> {
  if (!logits) throw new Error('the forward pass did not run');
  const [[value], all] = await Promise.all([loss.data<'float32'>(), logits.data<'float32'>()]);
  tf.dispose([loss, logits]);
  return { loss: value, logits: all };
}

export class TrainingStep {
  readonly #model: Model;
  readonly #optimizer: TemperatureOptimizer;
  readonly #temperature: number;
  /** By the number of images; undefined where it cannot be recorded. */
  readonly #plans = new Map<number, SizedPlan | undefined>();
  #isFirst = true;

  /** @param temperature T of the loss */
  constructor(model: Model, optimizer: TemperatureOptimizer, temperature: number) {
    this.#model = model;
    this.#optimizer = optimizer;
    this.#temperature = temperature;
  }

  /**
   * Changes the model's weights in place, before it returns; the result may come later.
   * @param dropout where dropout's factors come from; absent: there is no dropout
   */
  async run(input: StepInput, dropout?: RandomStream): Promise<StepResult> {
    const sized = this.#isFirst ? undefined : this.#planFor(input, dropout !== undefined);
    this.#isFirst = false;
    return sized ? this.#runPlan(sized, input, dropout) : await this.#runComposed(input, dropout);
  }

  /** Call by call. The first step makes the optimizer's state. */
  async #runComposed({ images, targets }: StepInput, dropout?: RandomStream): Promise<StepResult> {
    const { classes } = this.#model;
    const count = targets.length / classes;
    let logits: tf.Tensor | undefined;
    const loss = tf.tidy(() => {
      const input = tf.tensor4d(images, [count, ...this.#model.network.inputShape]);
      const wanted = tf.tensor2d(targets, [count, classes]);
      const { value, grads } = this.#gradients(
        input,
        wanted,
        dropout && drawnFrom(dropout),
        (all) => {
          logits = tf.keep(all);
        },
      );
      this.#optimizer.step(grads);
      return value;
    });
    return stepResult(loss, logits);
  }

  #gradients(
    images: tf.Tensor4D,
    targets: tf.Tensor2D,
    mask: DropoutMask | undefined,
    onLogits: (logits: tf.Tensor) => void,
  ) {
    const model = this.#model;
    return tf.variableGrads(() => {
      const logits = mask ? model.trainingLogits(images, mask) : model.logits(images);
      onLogits(logits);
      return crossEntropy(logits, targets, this.#temperature);
    }, [...model.variables.values()]);
  }

  #runPlan(sized: SizedPlan, { images, targets }: StepInput, dropout?: RandomStream): StepResult {
    const { plan } = sized;
    plan.at(sized.images).set(images);
    plan.at(sized.targets).set(targets);
    for (const [i, { layer }] of (dropout ? this.#model.dropouts : []).entries()) {
      const stream = dropout?.child(layer.name);
      const span = sized.masks[i];
      if (stream) plan.at(span).set(dropoutMask(span.length, layer.rate, stream));
    }
    this.#optimizer.advance();
    plan.run(0);
    return { loss: plan.at(sized.loss)[0], logits: plan.at(sized.logits).slice() };
  }

  #planFor({ targets }: StepInput, hasDropout: boolean): SizedPlan | undefined {
    const count = targets.length / this.#model.classes;
    if (!this.#plans.has(count)) this.#plans.set(count, this.#record(count, hasDropout));
    return this.#plans.get(count);
  }

  #record(count: number, hasDropout: boolean): SizedPlan | undefined {
    const backend = compiledBackend();
    if (backend === undefined) return undefined;
    const { changed } = this.#optimizer;
    const { dropouts, classes, network } = this.#model;
    const recorded = recordPlan(
      backend,
      changed,
      (recording) => {
        const images = recording.input<tf.Rank.R4>([count, ...network.inputShape]);
        const targets = recording.input<tf.Rank.R2>([count, classes]);
        const masks = (hasDropout ? dropouts : []).map(({ shape }) =>
          recording.input([count, ...shape]),
        );
        const names = dropouts.map(({ layer }) => layer.name);
        const mask = hasDropout
          ? ({ name }: { readonly name: string }) => masks[names.indexOf(name)].tensor
          : undefined;
        let logits: Span | undefined;
        const { value, grads } = this.#gradients(images.tensor, targets.tensor, mask, (all) => {
          logits = recording.output(all);
        });
        const loss = recording.output(value);
        this.#optimizer.update(grads);
        if (!logits) throw new Error('the forward pass did not run');
        return {
          images: images.span,
          targets: targets.span,
          masks: masks.map(({ span }) => span),
          loss,
          logits,
        };
      },
      changed,
    );
    return recorded && { plan: recorded.plan, ...recorded.marks };
  }

  dispose(): void {
    for (const sized of this.#plans.values()) sized?.plan.dispose();
    this.#plans.clear();
  }
}

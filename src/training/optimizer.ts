import type * as tf from '@tensorflow/tfjs-core';
import { Adam, type Optimizer, Sgd } from '../engine/index.ts';
import type { Model } from '../models/index.ts';
import { MOMENTUM, type OptimizerName } from './settings.ts';

/** Adam's usual one in TensorFlow. */
const EPSILON = 1e-7;

/**
 * An optimizer that trains at temperature T as well as at T = 1.
 *
 * The loss sees logits / T, so the logits must grow T times larger than usual, while the gradient
 * that reaches the output layer is T times smaller: plain training at T = 40 starts slowly and
 * ends short of the baseline. Writing the output layer as T times an ordinary one shows what is
 * missing. In terms of that ordinary layer, training is as at T = 1 exactly when the output
 * layer's own step is T times larger under Adam (with an epsilon T times smaller, as its gradient
 * is) and T^2 times larger under SGD; all other layers see the same gradient either way.
 * docs/method.md reports what was measured without it.
 */
export class TemperatureOptimizer {
  readonly #parts: readonly { optimizer: Optimizer; variables: tf.Variable[]; scale: number }[];

  /** @param momentum of SGD */
  constructor(model: Model, name: OptimizerName, temperature: number, momentum: number = MOMENTUM) {
    const output = model.network.layers[model.network.layers.length - 1].name;
    const isOutput = (variable: string) => variable.startsWith(`${output}/`);
    const part = (wanted: boolean, scale: number) => ({
      optimizer: name === 'adam' ? new Adam({ epsilon: EPSILON / scale }) : new Sgd({ momentum }),
      variables: [...model.variables].filter(([v]) => isOutput(v) === wanted).map(([, v]) => v),
      scale,
    });
    const outputScale = name === 'adam' ? temperature : temperature ** 2;
    this.#parts = [part(false, 1), part(true, outputScale)];
  }

  /** Of every layer but the output layer, whose rate follows from it. */
  set learningRate(rate: number) {
    for (const { optimizer, scale } of this.#parts) optimizer.learningRate = rate * scale;
  }

  get learningRate(): number {
    return this.#parts[0].optimizer.learningRate;
  }

  /** Changes the model's weights in place. */
  step(gradients: tf.NamedTensorMap): void {
    this.advance();
    this.update(gradients);
  }

  /** The first half of a step: counts it. */
  advance(): void {
    for (const { optimizer } of this.#parts) optimizer.advance();
  }

  /** The second half: the update, which can be recorded once a first step has been made. */
  update(gradients: tf.NamedTensorMap): void {
    for (const { optimizer, variables } of this.#parts) {
      optimizer.update(
        variables,
        variables.map((variable) => gradients[variable.name]),
      );
    }
  }

  /** All tensors that a step changes: weights and the optimizer's state. */
  get changed(): readonly tf.Variable[] {
    return this.#parts.flatMap(({ optimizer, variables }) => [...variables, ...optimizer.slots]);
  }

  /** The whole state by name, for a checkpoint. */
  async state(): Promise<Map<string, Float32Array>> {
    const state = new Map<string, Float32Array>();
    for (const [index, { optimizer }] of this.#parts.entries()) {
      for (const [name, values] of await optimizer.state()) state.set(`${index}/${name}`, values);
    }
    return state;
  }

  restore(state: ReadonlyMap<string, Float32Array>): void {
    for (const [index, { optimizer }] of this.#parts.entries()) {
      const prefix = `${index}/`;
      const own = [...state].filter(([name]) => name.startsWith(prefix));
      optimizer.restore(new Map(own.map(([name, values]) => [name.slice(prefix.length), values])));
    }
  }

  dispose(): void {
    for (const { optimizer } of this.#parts) optimizer.dispose();
  }
}

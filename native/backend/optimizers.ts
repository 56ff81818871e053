/**
 * Adam and SGD with momentum, with state that can be saved and restored.
 *
 * On the compiled backends a step changes weights and state in place; earlier `dataSync()` results
 * and clones keep their values (see `CompiledBackend.own`). On other backends the same formulas are
 * composed of TensorFlow.js operations.
 */
import * as tf from '@tensorflow/tfjs-core';
import { CompiledBackend } from './backend.ts';

export interface Optimizer {
  /** May be set between steps. */
  learningRate: number;
  /**
   * One update of each variable by the gradient of the same index. The optimizer identifies variables
   * by their index in the list, so it must be the same list at every step.
   */
  step(variables: readonly tf.Variable[], gradients: readonly tf.Tensor[]): void;
  /** The first half of a step: counts it. */
  advance(): void;
  /** The second half: the update, which can be recorded once a first step has been made. */
  update(variables: readonly tf.Variable[], gradients: readonly tf.Tensor[]): void;
  /** The tensors that steps change beside the variables. */
  readonly slots: readonly tf.Variable[];
  /**
   * All that is needed to resume with the same bits: `step` holds the number of steps, and
   * `<slot>/<i>` the state of the i-th variable.
   */
  state(): Promise<Map<string, Float32Array>>;
  /** Takes over what `state` returned, also before the first step. */
  restore(state: ReadonlyMap<string, Float32Array>): void;
  /** Frees the state's tensors. */
  dispose(): void;
}

/** What optimizers share: slots (one tensor for each variable) and the number of steps. */
abstract class SlotOptimizer implements Optimizer {
  abstract learningRate: number;
  protected steps = 0;
  readonly #slotNames: readonly string[];
  #slots = new Map<string, tf.Variable>();
  #restored: ReadonlyMap<string, Float32Array> = new Map();

  constructor(slotNames: readonly string[]) {
    this.#slotNames = slotNames;
  }

  step(variables: readonly tf.Variable[], gradients: readonly tf.Tensor[]): void {
    if (variables.length !== gradients.length) {
      throw new RangeError(`${variables.length} variables but ${gradients.length} gradients`);
    }
    this.advance();
    this.update(variables, gradients);
  }

  advance(): void {
    this.steps++;
  }

  get slots(): readonly tf.Variable[] {
    return [...this.#slots.values()];
  }

  update(variables: readonly tf.Variable[], gradients: readonly tf.Tensor[]): void {
    for (const [i, variable] of variables.entries()) {
      const gradient = gradients[i];
      tf.util.assertShapesMatch(variable.shape, gradient.shape, 'optimizer step: ');
      const slots = this.#slotNames.map((name) => this.#slot(`${name}/${i}`, variable));
      const backend = tf.backend();
      if (backend instanceof CompiledBackend && backend.areFloats(variable, gradient)) {
        for (const changed of [variable, ...slots]) backend.own(changed);
        const arrays = backend.arrays(variable, ...slots, gradient);
        this.updateInPlace(backend, arrays);
      } else {
        tf.tidy(() => this.compose(variable, slots, gradient));
      }
    }
  }

  /** `arrays`: the weights, the slots in their order, the gradient. */
  protected abstract updateInPlace(backend: CompiledBackend, arrays: Float32Array[]): void;
  protected abstract compose(
    variable: tf.Variable,
    slots: readonly tf.Variable[],
    gradient: tf.Tensor,
  ): void;

  #slot(name: string, variable: tf.Variable): tf.Variable {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    const values = this.#restored.get(name) ?? new Float32Array(variable.size);
    const slot = tf.tidy(() => tf.variable(tf.tensor(values.slice(), variable.shape), false));
    this.#slots.set(name, slot);
    return slot;
  }

  async state(): Promise<Map<string, Float32Array>> {
    const state = new Map<string, Float32Array>(this.#restored);
    state.set('step', Float32Array.of(this.steps));
    for (const [name, slot] of this.#slots) state.set(name, (await slot.data<'float32'>()).slice());
    return state;
  }

  restore(state: ReadonlyMap<string, Float32Array>): void {
    this.dispose();
    this.#restored = state;
    this.steps = state.get('step')?.[0] ?? 0;
  }

  dispose(): void {
    for (const slot of this.#slots.values()) slot.dispose();
    this.#slots.clear();
    this.#restored = new Map();
    this.steps = 0;
  }
}

/**
 * Adam (Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015), algorithm 1 with
 * epsilon outside of the bias correction, as in TensorFlow and PyTorch.
 */
export class Adam extends SlotOptimizer {
  override learningRate: number;
  readonly #beta1: number;
  readonly #beta2: number;
  readonly #epsilon: number;

  constructor({ learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = {}) {
    super(['m', 'v']);
    this.learningRate = learningRate;
    this.#beta1 = beta1;
    this.#beta2 = beta2;
    this.#epsilon = epsilon;
  }

  #corrections(): [number, number] {
    return [1 - this.#beta1 ** this.steps, 1 - this.#beta2 ** this.steps];
  }

  protected override updateInPlace(backend: CompiledBackend, arrays: Float32Array[]): void {
    const [weight, m, v, gradient] = arrays;
    const settings = (): [number, number, number, number, number, number] => [
      ...([this.learningRate, this.#beta1, this.#beta2, this.#epsilon] as const),
      ...this.#corrections(),
    ];
    backend.kernels.adam_step(...[weight, m, v, gradient], weight.length, ...settings());
    backend.renewAtEachRun(settings);
  }

  protected override compose(
    variable: tf.Variable,
    [m, v]: readonly tf.Variable[],
    gradient: tf.Tensor,
  ): void {
    const [correction1, correction2] = this.#corrections();
    m.assign(tf.add(tf.mul(m, this.#beta1), tf.mul(gradient, 1 - this.#beta1)));
    v.assign(tf.add(tf.mul(v, this.#beta2), tf.mul(tf.square(gradient), 1 - this.#beta2)));
    const scale = tf.add(tf.sqrt(tf.div(v, correction2)), this.#epsilon);
    const change = tf.div(tf.div(m, correction1), scale);
    variable.assign(tf.sub(variable, tf.mul(change, this.learningRate)));
  }
}

/** Stochastic gradient descent with (heavy-ball) momentum: v = momentum v + g; w -= rate v. */
export class Sgd extends SlotOptimizer {
  override learningRate: number;
  readonly #momentum: number;

  constructor({ learningRate = 0.01, momentum = 0 } = {}) {
    super(['velocity']);
    this.learningRate = learningRate;
    this.#momentum = momentum;
  }

  protected override updateInPlace(backend: CompiledBackend, arrays: Float32Array[]): void {
    const [weight, velocity, gradient] = arrays;
    const settings = (): [number, number] => [this.learningRate, this.#momentum];
    backend.kernels.sgd_step(...[weight, velocity, gradient], weight.length, ...settings());
    backend.renewAtEachRun(settings);
  }

  protected override compose(
    variable: tf.Variable,
    [velocity]: readonly tf.Variable[],
    gradient: tf.Tensor,
  ): void {
    velocity.assign(tf.add(tf.mul(velocity, this.#momentum), gradient));
    variable.assign(tf.sub(variable, tf.mul(velocity, this.learningRate)));
  }
}

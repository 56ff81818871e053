import * as tf from '@tensorflow/tfjs-core';

/**
 * A differentiable computation that has been run, and whose gradient is still to be taken: its values can
 * be waited for in between, for which `tf.grad`, running both in one go, has no place. The kernel calls
 * are those of `tf.grad`.
 */
export class RecordedPass<T extends tf.Tensor> {
  /** What `compute` returned; it lives until `dispose`. */
  readonly value: T;
  /** TensorFlow.js's notes of the operations that led there, with the tensors that gradients need. */
  readonly #tape: ReturnType<typeof tf.engine>['state']['activeTape'] = [];

  constructor(compute: () => T) {
    const { state } = tf.engine();
    const outer = state.activeTape;
    state.activeTape = this.#tape;
    state.gradientDepth++;
    try {
      this.value = tf.keep(tf.tidy(compute));
    } catch (error) {
      this.#forget();
      throw error;
    } finally {
      state.gradientDepth--;
      state.activeTape = outer;
    }
  }

  /**
   * Carries a gradient with respect to `value` back; once only. The caller owns the results.
   * @param dy of the shape of `value`; absent: ones
   * @returns the gradient of each of `xs`, undefined for one that `value` does not depend on
   */
  gradients(xs: readonly tf.Tensor[], dy?: T): readonly (tf.Tensor | undefined)[] {
    const engine = tf.engine();
    const replay = (): T => {
      engine.state.activeTape.push(...this.#tape.splice(0));
      return this.value;
    };
    return engine.gradients(replay, [...xs], dy, true).grads;
  }

  dispose(): void {
    this.#forget();
    this.value.dispose();
  }

  #forget(): void {
    for (const { saved } of this.#tape.splice(0)) tf.dispose(saved);
  }
}

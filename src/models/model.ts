import * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../engine/index.ts';
import type { Classifier, Logits } from './classifier.ts';
import { CompiledNetwork, setCompiled } from './compiled-network.ts';
import { forward } from './forward.ts';
import type { DropoutLayer } from './layers/dropout.ts';
import type { DropoutMask, Shape } from './layers/layer-kind.ts';
import type { Network } from './network.ts';
import { passedThrough } from './pass-through.ts';
import { inferShapes, weightSpecs } from './shapes.ts';
import type { Weight, WeightSpec } from './weights.ts';

/**
 * Initial weights: Glorot uniform kernels (Glorot & Bengio 2010), scales of 1, the rest 0. The
 * output layer's kernel is T times larger, so that logits / T begins as logits do at T = 1.
 *
 * @param temperature T that the network is going to be trained at
 */
export function initialWeights(
  network: Network,
  temperature: number,
  stream: RandomStream,
): Weight[] {
  const output = network.layers[network.layers.length - 1].name;
  return weightSpecs(network).map((spec) => {
    const values = new Float32Array(spec.shape.reduce((a, b) => a * b, 1));
    if (spec.role === 'kernel') {
      const own = stream.child(spec.name);
      const scale = spec.layer === output ? temperature : 1;
      const limit = scale * Math.sqrt(6 / (spec.fanIn + spec.fanOut));
      for (let i = 0; i < values.length; i++) values[i] = limit * (2 * own.uniform() - 1);
    }
    if (spec.role === 'scale') values.fill(1);
    return { spec, values };
  });
}

/** A network with weights in the engine. Dispose it when done. */
export class Model {
  readonly network: Network;
  /** The softmax temperature of its training; predictions are always at T = 1. */
  readonly temperature: number;
  /** By weight name, in the network's order. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  readonly #layers;
  readonly #specs: readonly WeightSpec[];
  /** By the names of the layers that gradients pass through. */
  readonly #compiled = new Map<string, CompiledNetwork>();

  constructor(network: Network, weights: readonly Weight[], temperature: number) {
    this.network = network;
    this.temperature = temperature;
    this.#layers = inferShapes(network);
    this.#specs = weights.map(({ spec }) => spec);
    this.variables = new Map(
      weights.map(({ spec, values }) => [
        spec.name,
        tf.tidy(() => tf.variable(tf.tensor(values, [...spec.shape], 'float32'), true)),
      ]),
    );
  }

  get classes(): number {
    return this.network.classes;
  }

  /** Logits `[N, classes]` of images `[N, H, W, C]` in [0, 1]. Differentiable. */
  logits(images: tf.Tensor4D): Logits {
    return forward(this.#layers, this.variables, images) as Logits;
  }

  /** The same in training, with dropout. */
  trainingLogits(images: tf.Tensor4D, mask: DropoutMask): Logits {
    return forward(this.#layers, this.variables, images, { mask }) as Logits;
  }

  /** The dropout layers, with the shape of each one's inputs for one image. */
  get dropouts(): readonly { readonly layer: DropoutLayer; readonly shape: Shape }[] {
    return this.#layers.flatMap(({ layer, outputShape }) =>
      layer.kind === 'dropout' ? [{ layer, shape: outputShape }] : [],
    );
  }

  /**
   * What attacks and evaluations see of this model.
   * @param bpda names of layers whose gradient is taken to be the identity's; see `passedThrough`
   * @throws UserError `bad-plan` for a layer that changes the shape of its input
   */
  classifier(name: string, bpda: readonly string[] = []): Classifier {
    const through = { passedThrough: passedThrough(this.#layers, bpda) };
    const logits = (images: tf.Tensor4D) =>
      forward(this.#layers, this.variables, images, through) as Logits;
    const key = bpda.join('\n');
    const compiled = this.#compiled.get(key) ?? this.#compile(logits);
    this.#compiled.set(key, compiled);
    setCompiled(logits, compiled);
    return {
      name,
      inputShape: this.network.inputShape,
      classes: this.network.classes,
      outlierClass: this.network.outlierClass,
      temperature: this.temperature,
      logits,
    };
  }

  #compile(logits: Classifier['logits']): CompiledNetwork {
    const { inputShape, classes } = this.network;
    return new CompiledNetwork(logits, [...this.variables.values()], inputShape, classes);
  }

  /** Copies of the weights as they are now. */
  async weights(): Promise<Weight[]> {
    return Promise.all(
      this.#specs.map(async (spec) => {
        const variable = this.variables.get(spec.name);
        if (!variable) throw new Error(`no weight ${spec.name}`);
        const values = await variable.data<'float32'>();
        return { spec, values: values.slice() };
      }),
    );
  }

  dispose(): void {
    for (const compiled of this.#compiled.values()) compiled.dispose();
    for (const variable of this.variables.values()) variable.dispose();
  }
}

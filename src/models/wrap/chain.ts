/**
 * The layers of a `tf.LayersModel` one after the other, with each convolution, its ReLU and the
 * max-pool after it as the engine's one operation: two to three times as fast as the model's own
 * `apply`.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { convReluPool } from '../../engine/index.ts';

/** A layer as `@tensorflow/tfjs-layers` gives it: what is used of it. */
export interface LayerLike {
  getClassName(): string;
  getConfig(): Readonly<Record<string, unknown>>;
  /** The current weights, not copies. */
  getWeights(): tf.Tensor[];
  apply(inputs: tf.Tensor, options?: { readonly training: boolean }): unknown;
  readonly inboundNodes: readonly { readonly inboundLayers: readonly LayerLike[] }[];
}

type Step = (input: tf.Tensor) => tf.Tensor;

interface Convolution {
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: 'valid' | 'same';
}

const isPair = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isInteger);

/** What a convolution does, if the engine's operation does the same. */
function convolutionOf(layer: LayerLike): Convolution | undefined {
  if (layer.getClassName() !== 'Conv2D') return undefined;
  const { strides, dilationRate, padding, dataFormat, activation, useBias } = layer.getConfig();
  if (activation !== 'relu' || useBias !== true || dataFormat !== 'channelsLast') return undefined;
  if (!isPair(strides) || !isPair(dilationRate)) return undefined;
  if (padding !== 'valid' && padding !== 'same') return undefined;
  return { strides, dilations: dilationRate, pad: padding };
}

/** The side of a max-pool's windows, where they tile the image; undefined for any other layer. */
function tilingPool(layer: LayerLike | undefined): number | undefined {
  if (layer?.getClassName() !== 'MaxPooling2D') return undefined;
  const { poolSize, strides, padding, dataFormat } = layer.getConfig();
  if (!isPair(poolSize) || !isPair(strides)) return undefined;
  if (padding !== 'valid' || dataFormat !== 'channelsLast') return undefined;
  const [side] = poolSize;
  return [...poolSize, ...strides].every((length) => length === side) ? side : undefined;
}

/** Whether every layer reads the one before it, and nothing else. */
const isChain = (layers: readonly LayerLike[]): boolean =>
  layers.every(({ inboundNodes }, i) => {
    if (inboundNodes.length !== 1) return false;
    const { inboundLayers } = inboundNodes[0];
    return i === 0
      ? inboundLayers.length <= 1
      : inboundLayers.length === 1 && inboundLayers[0] === layers[i - 1];
  });

/** Runs the layers of a model in order; undefined where they do not form a chain. */
export function chainOf(layers: readonly LayerLike[]): Step | undefined {
  if (!isChain(layers)) return undefined;
  const steps: Step[] = [];
  for (let i = 0; i < layers.length; i++) {
    const layer = layers[i];
    if (layer.getClassName() === 'InputLayer') continue;
    const convolution = convolutionOf(layer);
    if (convolution === undefined) {
      steps.push((input) => layer.apply(input, { training: false }) as tf.Tensor);
      continue;
    }
    const pool = tilingPool(layers[i + 1]);
    if (pool !== undefined) i++;
    steps.push((input) => {
      const [kernel, bias] = layer.getWeights();
      const options = { ...convolution, pool: pool ?? 1 };
      return convReluPool(
        input as tf.Tensor4D,
        kernel as tf.Tensor4D,
        bias as tf.Tensor1D,
        options,
      );
    });
  }
  return (images) => steps.reduce((values, step) => step(values), images);
}

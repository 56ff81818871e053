import * as tf from '@tensorflow/tfjs-core';
import { type Conv2dLayer, convolveAndPool } from './layers/conv2d.ts';
import type { DropoutMask, ForwardContext } from './layers/layer-kind.ts';
import type { MaxPoolLayer } from './layers/max-pool.ts';
import { kindOf, type Layer } from './layers/registry.ts';
import { type ShapedLayer, walkLayers } from './shapes.ts';

type Variables = ReadonlyMap<string, tf.Tensor>;

/** A convolution with bias and ReLU, and the max-pool right after it. */
interface FusedBlock {
  readonly convolution: Conv2dLayer;
  readonly pooling: MaxPoolLayer;
}

/** The block that the engine computes in one pass, where these two layers are one. */
function fusedBlock(layer: Layer, next: ShapedLayer | undefined): FusedBlock | undefined {
  if (layer.kind !== 'conv2d' || !layer.bias || layer.activation !== 'relu') return undefined;
  if (next?.layer.kind !== 'max-pool' || next.inputs[0] !== layer.name) return undefined;
  const { size, strides, padding } = next.layer;
  const isTiling = [size[1], ...strides].every((length) => length === size[0]);
  return padding === 'valid' && isTiling ? { convolution: layer, pooling: next.layer } : undefined;
}

/** How many layers read each output. */
function readerCounts(layers: readonly ShapedLayer[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of layers.flatMap(({ inputs }) => inputs)) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

export interface ForwardOptions {
  /** In training: where dropout's factors come from; absent: dropout is the identity. */
  readonly mask?: DropoutMask;
  /** Names of layers whose gradient is taken to be the identity's; see `passedThrough`. */
  readonly passedThrough?: ReadonlySet<string>;
}

/** The layer's output with the gradient of the identity. */
const passThrough = (input: tf.Tensor, compute: (input: tf.Tensor) => tf.Tensor): tf.Tensor =>
  tf.customGrad((x) => ({
    value: compute(x as tf.Tensor),
    gradFunc: (gradient: tf.Tensor) => gradient,
  }))(input);

/**
 * Runs the network: images `[N, H, W, C]` in [0, 1] to logits `[N, classes]`. Differentiable with
 * respect to images and weights.
 */
export function forward(
  layers: readonly ShapedLayer[],
  variables: Variables,
  images: tf.Tensor4D,
  { mask, passedThrough = new Set() }: ForwardOptions = {},
): tf.Tensor {
  const readers = readerCounts(layers);
  const contextOf = ({ name }: Layer): ForwardContext => ({
    mask,
    weight(role) {
      const found = variables.get(`${name}/${role}`);
      if (!found) throw new Error(`no weight ${name}/${role}`);
      return found;
    },
  });
  return tf.tidy(() => {
    const fused = new Set<Layer>();
    return walkLayers<tf.Tensor>(layers, images, ({ layer }, inputs, next) => {
      if (fused.has(layer)) return inputs[0];
      const compute = (given: readonly tf.Tensor[]) =>
        kindOf(layer).forward(layer, given, contextOf(layer));
      if (passedThrough.has(layer.name)) return passThrough(inputs[0], (x) => compute([x]));
      const isAlone = next && passedThrough.has(next.layer.name);
      const block = readers.get(layer.name) === 1 && !isAlone ? fusedBlock(layer, next) : undefined;
      if (!block) return compute(inputs);
      fused.add(block.pooling);
      const [pool] = block.pooling.size;
      return convolveAndPool(block.convolution, pool, inputs[0], contextOf(layer));
    });
  });
}

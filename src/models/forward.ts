import * as tf from '@tensorflow/tfjs-core';
import { convReluPool, type RandomStream } from '../engine/index.ts';
import type {
  Conv2dLayer,
  DropoutLayer,
  Layer,
  Nonlinearity,
  Padding,
  PoolLayer,
  WeightSpec,
} from './network.ts';
import { IMAGE, type PlacedLayer } from './shapes.ts';

type Variables = ReadonlyMap<string, tf.Tensor>;

function weight(variables: Variables, layer: Layer, role: WeightSpec['role']): tf.Tensor {
  const found = variables.get(`${layer.name}/${role}`);
  if (!found) throw new Error(`no weight ${layer.name}/${role}`);
  return found;
}

function tfPadding(padding: Padding): 'valid' | 'same' | tf.backend_util.ExplicitPadding {
  if (typeof padding === 'string') return padding;
  return [[0, 0], [...padding[0]], [...padding[1]], [0, 0]];
}

/** Kept inputs are scaled by 1 / (1 - rate), so that nothing needs doing at inference. */
function dropout(input: tf.Tensor, layer: DropoutLayer, stream: RandomStream): tf.Tensor {
  const own = stream.child(layer.name);
  const mask = new Float32Array(input.size);
  const kept = 1 / (1 - layer.rate);
  // One random byte decides a unit: a quarter of the random words, at a rate exact to 1/256.
  const threshold = Math.round(layer.rate * 256);
  for (let i = 0, word = 0; i < mask.length; i++, word >>>= 8) {
    if (i % 4 === 0) word = own.uint32();
    mask[i] = (word & 0xff) < threshold ? 0 : kept;
  }
  return tf.mul(input, tf.tensor(mask, input.shape));
}

/**
 * The mean over the pixels of each window that lie in the image. Padding is spelled out, because the
 * gradient of TensorFlow.js's own padded average pool divides by the padding too.
 */
function averagePool(input: tf.Tensor4D, { size, strides, padding }: PoolLayer): tf.Tensor {
  const pool = (x: tf.Tensor4D) => tf.avgPool(x, [...size], [...strides], 'valid');
  if (padding !== 'same') return pool(input);
  const [, height, width] = input.shape;
  const [rows, columns] = [height, width].map((length, axis): [number, number] => {
    const steps = Math.ceil(length / strides[axis]) - 1;
    const extra = Math.max(0, steps * strides[axis] + size[axis] - length);
    return [Math.floor(extra / 2), Math.ceil(extra / 2)];
  });
  const pad = (x: tf.Tensor4D) => tf.pad(x, [[0, 0], rows, columns, [0, 0]]);
  const share = pool(pad(tf.ones([1, height, width, 1])));
  return tf.div(pool(pad(input)), share);
}

const NONLINEAR: Record<Nonlinearity, (x: tf.Tensor) => tf.Tensor> = {
  relu: tf.relu,
  relu6: tf.relu6,
  elu: tf.elu,
  selu: tf.selu,
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  softplus: tf.softplus,
};

function apply(
  layer: Layer,
  inputs: readonly tf.Tensor[],
  variables: Variables,
  stream?: RandomStream,
): tf.Tensor {
  const [input] = inputs;
  switch (layer.kind) {
    case 'conv2d':
      if (layer.bias && layer.activation === 'relu') {
        return applyFusedBlock(layer, 1, input, variables);
      }
      return tf.fused.conv2d({
        x: input as tf.Tensor4D,
        filter: weight(variables, layer, 'kernel') as tf.Tensor4D,
        strides: [...layer.strides],
        pad: tfPadding(layer.padding),
        dilations: [...layer.dilations],
        ...(layer.bias ? { bias: weight(variables, layer, 'bias') } : {}),
        activation: layer.activation,
      });
    case 'depthwise-conv2d': {
      const product = tf.depthwiseConv2d(
        input as tf.Tensor4D,
        weight(variables, layer, 'kernel') as tf.Tensor4D,
        [...layer.strides],
        tfPadding(layer.padding),
      );
      const sum = layer.bias ? tf.add(product, weight(variables, layer, 'bias')) : product;
      return layer.activation === 'relu' ? tf.relu(sum) : sum;
    }
    case 'affine':
      return tf.add(
        tf.mul(input, weight(variables, layer, 'scale')),
        weight(variables, layer, 'offset'),
      );
    case 'global-max-pool':
      return tf.max(input, [1, 2]);
    case 'global-average-pool':
      return tf.mean(input, [1, 2]);
    case 'pad':
      return tf.pad(input, [[0, 0], [...layer.padding[0]], [...layer.padding[1]], [0, 0]]);
    case 'activation':
      return NONLINEAR[layer.activation](input);
    case 'leaky-relu':
      return tf.leakyRelu(input, layer.slope);
    case 'add':
      return inputs.reduce((sum, next) => tf.add(sum, next));
    case 'multiply':
      return inputs.reduce((product, next) => tf.mul(product, next));
    case 'concat':
      return tf.concat([...inputs], -1);
    case 'max-pool':
      return tf.maxPool(
        input as tf.Tensor4D,
        [...layer.size],
        [...layer.strides],
        tfPadding(layer.padding),
      );
    case 'average-pool':
      return averagePool(input as tf.Tensor4D, layer);
    case 'flatten':
      return tf.reshape(input, [input.shape[0], -1]);
    case 'dense':
      return tf.fused.matMul({
        a: input as tf.Tensor2D,
        b: weight(variables, layer, 'kernel') as tf.Tensor2D,
        ...(layer.bias ? { bias: weight(variables, layer, 'bias') } : {}),
        activation: layer.activation,
      });
    case 'dropout':
      return stream ? dropout(input, layer, stream) : input;
  }
}

/** Whether the engine's fused block computes these two layers: conv, bias, ReLU, max-pool. */
function isFusedBlock(conv: PlacedLayer, pool: PlacedLayer | undefined): boolean {
  return (
    conv.layer.kind === 'conv2d' &&
    conv.layer.bias &&
    conv.layer.activation === 'relu' &&
    pool?.layer.kind === 'max-pool' &&
    pool.inputs[0] === conv.layer.name &&
    pool.layer.padding === 'valid' &&
    pool.layer.size[0] === pool.layer.size[1] &&
    pool.layer.strides[0] === pool.layer.size[0] &&
    pool.layer.strides[1] === pool.layer.size[1]
  );
}

/** The engine computes conv, bias, ReLU and a max-pool of `pool` pixels (1: none) in one go. */
function applyFusedBlock(
  conv: Conv2dLayer,
  pool: number,
  input: tf.Tensor,
  variables: Variables,
): tf.Tensor {
  return convReluPool(
    input as tf.Tensor4D,
    weight(variables, conv, 'kernel') as tf.Tensor4D,
    weight(variables, conv, 'bias') as tf.Tensor1D,
    {
      strides: [...conv.strides],
      pad: tfPadding(conv.padding),
      dilations: [...conv.dilations],
      pool,
    },
  );
}

/**
 * Runs the network: images `[N, H, W, C]` in [0, 1] to logits `[N, classes]`. Differentiable with
 * respect to images and weights.
 *
 * @param stream in training: where dropout masks come from; absent: dropout is the identity
 */
export function forward(
  placed: readonly PlacedLayer[],
  variables: Variables,
  images: tf.Tensor4D,
  stream?: RandomStream,
): tf.Tensor {
  const readers = new Map<string, number>();
  for (const { inputs } of placed) {
    for (const name of inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  return tf.tidy(() => {
    const outputs = new Map<string, tf.Tensor>([[IMAGE, images]]);
    let last: tf.Tensor = images;
    for (let i = 0; i < placed.length; i++) {
      const { layer, inputs } = placed[i];
      const tensors = inputs.map((name) => outputs.get(name) as tf.Tensor);
      const next = placed[i + 1];
      if (isFusedBlock(placed[i], next) && readers.get(layer.name) === 1) {
        last = applyFusedBlock(
          layer as Conv2dLayer,
          (next.layer as PoolLayer).size[0],
          tensors[0],
          variables,
        );
        outputs.set(next.layer.name, last);
        i++;
      } else {
        last = apply(layer, tensors, variables, stream);
        outputs.set(layer.name, last);
      }
    }
    return last;
  });
}

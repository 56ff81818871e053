/** What the two kinds of convolution have in common. */
import type { OnnxTensor } from '../../export/onnx-graph.ts';
import type { Weight, WeightRole } from '../../weights.ts';
import type {
  Activation,
  KerasContent,
  LayerBase,
  OnnxContext,
  Padding,
  SavedModelContext,
  Shape,
} from '../layer-kind.ts';
import { finishOnnx, finishSavedModel, kerasWeights, onnxBias } from './linear.ts';
import { nhwcSizes, onnxPads, paddingAttributes, type Window, windowedSizes } from './window.ts';

interface Convolution extends LayerBase {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly dilations?: readonly [number, number];
  readonly bias: boolean;
  readonly activation: Activation;
}

function windowOf({ kernel, strides, padding, dilations = [1, 1] }: Convolution): Window {
  return { size: kernel, strides, padding, dilations };
}

/** Rows and columns of the output; below 1 where the kernel does not fit. */
export function outputSizes(layer: Convolution, input: Shape): [number, number] {
  return windowedSizes(input, windowOf(layer));
}

/**
 * Adds an ONNX `Conv`, with its bias and ReLU.
 * @param kernel `[out, in / group, height, width]`, named like the layer's kernel
 */
export function onnxConvolution(
  layer: Convolution,
  input: OnnxTensor,
  kernel: { shape: readonly number[]; values: Float32Array },
  group: number,
  context: OnnxContext,
): OnnxTensor {
  const { graph, inputShapes } = context;
  const window = windowOf(layer);
  const product = graph.node(
    'Conv',
    [
      graph.channelsFirst(input),
      graph.constant(`${layer.name}/kernel`, kernel.shape, kernel.values),
      ...onnxBias(layer, context),
    ],
    `${layer.name}/output`,
    {
      kernel_shape: layer.kernel,
      strides: layer.strides,
      dilations: layer.dilations ?? [1, 1],
      pads: onnxPads(inputShapes[0], window),
      group,
    },
  );
  return { name: finishOnnx(layer, product, context), channels: 'first' };
}

/**
 * The values of a kernel `[height, width, in, out]` with the pixels last, as ONNX stores them.
 * @param filterOf which filter of ONNX's belongs to an input and an output channel
 */
export function pixelsLast(
  { spec, values }: Weight,
  filterOf: (input: number, output: number) => number,
): Float32Array {
  const [height, width, inputs, outputs] = spec.shape;
  const area = height * width;
  const moved = new Float32Array(values.length);
  for (let pixel = 0; pixel < area; pixel++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) {
        moved[filterOf(i, o) * area + pixel] = values[(pixel * inputs + i) * outputs + o];
      }
    }
  }
  return moved;
}

/**
 * Adds a convolution's TensorFlow node, with its bias and ReLU.
 * @param nodeName the node's name below the layer's
 */
export function savedModelConvolution(
  op: string,
  nodeName: string,
  layer: Convolution,
  input: string,
  context: SavedModelContext,
): string {
  const { graph, variable } = context;
  const { name, strides, dilations, padding } = layer;
  const product = graph.float(op, `${name}/${nodeName}`, [input, variable('kernel')], {
    strides: nhwcSizes(graph, strides),
    ...(dilations ? { dilations: nhwcSizes(graph, dilations) } : {}),
    ...paddingAttributes(graph, padding),
  });
  return finishSavedModel(layer, product, context);
}

/**
 * A convolution in Keras' terms; explicit padding becomes a layer before it.
 * @param own the configuration that only this class has
 */
export function kerasConvolution(
  className: string,
  own: Readonly<Record<string, unknown>>,
  layer: Convolution,
  weight: (role: WeightRole) => Weight,
  kernelName = 'kernel',
): KerasContent {
  const { kernel, strides, padding, activation, bias } = layer;
  const named = typeof padding === 'string';
  const config = {
    ...own,
    kernel_size: kernel,
    strides,
    padding: named ? padding : 'valid',
    data_format: 'channels_last',
    activation,
    use_bias: bias,
  };
  const weights = kerasWeights(layer, weight, kernelName);
  return { className, config, padBefore: named ? undefined : padding, weights };
}

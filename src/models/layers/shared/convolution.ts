/** What the two kinds of convolution have in common. */
import type { OnnxTensor } from '../../export/onnx-graph.ts';
import type { Weight } from '../../weights.ts';
import type {
  Activation,
  LayerBase,
  OnnxContext,
  Padding,
  SavedModelContext,
} from '../layer-kind.ts';
import { finishOnnx, onnxBias } from './linear.ts';
import { nhwcSizes, onnxPads, paddingAttributes, type Window } from './window.ts';

interface Convolution extends LayerBase {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly dilations?: readonly [number, number];
  readonly bias: boolean;
  readonly activation: Activation;
}

export function windowOf({ kernel, strides, padding, dilations = [1, 1] }: Convolution): Window {
  return { size: kernel, strides, padding, dilations };
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

/** The configuration that Keras' `Conv2D` and `DepthwiseConv2D` share. */
export function kerasConfig(layer: Convolution): Record<string, unknown> {
  return {
    kernel_size: layer.kernel,
    strides: layer.strides,
    padding: typeof layer.padding === 'string' ? layer.padding : 'valid',
    data_format: 'channels_last',
    activation: layer.activation,
    use_bias: layer.bias,
  };
}

/** The attributes of a convolution's TensorFlow node. */
export function convolutionAttributes(layer: Convolution, { graph }: SavedModelContext) {
  const { strides, dilations, padding } = layer;
  return {
    strides: nhwcSizes(graph, strides),
    ...(dilations ? { dilations: nhwcSizes(graph, dilations) } : {}),
    ...paddingAttributes(graph, padding),
  };
}

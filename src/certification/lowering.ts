/** A network of this program, layer by layer, as the operations that have bounds. */
import { UserError } from '../errors.ts';
import {
  inferShapes,
  type Layer,
  type Network,
  type ShapedLayer,
  samePadding,
  type Weight,
  walkLayers,
  weightLookup,
} from '../models/index.ts';
import { type Graph, INPUT, type Node } from './graph.ts';
import { Bend } from './operations/bend.ts';
import { Convolution } from './operations/convolution.ts';
import type { ConvolutionShape } from './operations/convolution-shape.ts';
import { CURVES, type CurveName, CurveOperation } from './operations/curve.ts';
import { Gather, NOWHERE } from './operations/gather.ts';
import { Maximum } from './operations/maximum.ts';
import type { Operation } from './operations/operation.ts';
import { Scale } from './operations/scale.ts';

type LayerOf<Kind extends Layer['kind']> = Extract<Layer, { kind: Kind }>;
type Shape = readonly number[];
type Image = readonly [number, number, number];

/** Where a layer puts its operations. */
interface Lowering {
  readonly inputs: readonly number[];
  readonly inputShapes: readonly Shape[];
  readonly outputShape: Shape;
  weight(role: Weight['spec']['role']): Float32Array;
  /** Adds an operation and returns its node's number. */
  add(operation: Operation, ...inputs: readonly number[]): number;
}

type Rule<Kind extends Layer['kind']> = (layer: LayerOf<Kind>, context: Lowering) => number;

const sizeOf = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

interface Windowed {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding:
    | 'valid'
    | 'same'
    | readonly [readonly [number, number], readonly [number, number]];
  readonly dilations?: readonly [number, number];
}

/** Rows of zeros above and columns to the left. */
function paddingBefore(
  { size, strides, padding, dilations = [1, 1] }: Windowed,
  input: Shape,
): [number, number] {
  if (padding === 'valid') return [0, 0];
  if (padding !== 'same') return [padding[0][0], padding[1][0]];
  const along = (axis: 0 | 1) =>
    samePadding(input[axis], (size[axis] - 1) * dilations[axis] + 1, strides[axis])[0];
  return [along(0), along(1)];
}

function convolutionShape(
  window: Windowed,
  input: Shape,
  output: Shape,
  groups: number,
): ConvolutionShape {
  return {
    input: input as Image,
    output: output as Image,
    kernel: window.size,
    strides: window.strides,
    dilations: window.dilations ?? [1, 1],
    before: paddingBefore(window, input),
    groups,
  };
}

/** A dense layer along the last axis, as a convolution with a 1 x 1 kernel. */
function denseShape(input: Shape, units: number): ConvolutionShape {
  const channels = input[input.length - 1];
  const pixels = sizeOf(input) / channels;
  return {
    input: [pixels, 1, channels],
    output: [pixels, 1, units],
    kernel: [1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    before: [0, 0],
    groups: 1,
  };
}

const relu = (size: number) => new Bend(size, Float64Array.of(0));

type Convolving = LayerOf<'conv2d' | 'depthwise-conv2d' | 'grouped-conv2d'>;

function convolve(layer: Convolving, groups: number, context: Lowering): number {
  const { inputShapes, outputShape, inputs } = context;
  const window = { ...layer, size: layer.kernel };
  const shape = convolutionShape(window, inputShapes[0], outputShape, groups);
  const bias = layer.bias ? context.weight('bias') : undefined;
  const sum = context.add(new Convolution(shape, context.weight('kernel'), bias), inputs[0]);
  return layer.activation === 'relu' ? context.add(relu(sizeOf(outputShape)), sum) : sum;
}

/** For each output pixel and channel the positions in the input that its window covers. */
function windowPositions(window: Windowed, input: Shape, output: Shape): number[][] {
  const [height, width, channels] = input;
  const before = paddingBefore(window, input);
  const groups: number[][] = [];
  for (let i = 0; i < sizeOf(output); i++) {
    const c = i % channels;
    const ow = Math.floor(i / channels) % output[1];
    const oh = Math.floor(i / channels / output[1]);
    const group: number[] = [];
    for (let ky = 0; ky < window.size[0]; ky++) {
      for (let kx = 0; kx < window.size[1]; kx++) {
        const y = oh * window.strides[0] + ky - before[0];
        const x = ow * window.strides[1] + kx - before[1];
        if (y >= 0 && y < height && x >= 0 && x < width) group.push((y * width + x) * channels + c);
      }
    }
    groups.push(group);
  }
  return groups;
}

/** The mean over each window: a sum with equal weights, then a share for windows at the edge. */
function averagePool(window: Windowed, input: Shape, output: Shape, context: Lowering): number {
  const channels = input[2];
  const taps = window.size[0] * window.size[1];
  const shape = convolutionShape(window, input, output, channels);
  const weights = new Float64Array(taps * channels).fill(1 / taps);
  // The division, and the rounding of the share that it divides by.
  const mean = context.add(new Convolution(shape, weights, undefined, 3), context.inputs[0]);
  const counts = windowPositions(window, input, output).map((group) => group.length);
  if (counts.every((count) => count === taps)) return mean;
  const share = Float64Array.from(counts, (count) => taps / count);
  return context.add(new Scale(share, new Float64Array(share.length)), mean);
}

/** The mean or the maximum over all pixels `[height, width, channels]`. */
const wholeImage = ([height, width]: Shape): Windowed => ({
  size: [height, width],
  strides: [1, 1],
  padding: 'valid',
});

/** Numbers that only move: `from` says which position of the input each output has. */
function move(context: Lowering, from: (i: number) => number): number {
  const places = Int32Array.from({ length: sizeOf(context.outputShape) }, (_, i) => from(i));
  return context.add(new Gather([places]), context.inputs[0]);
}

/** The indices along every axis of position `i`. */
function indicesOf(i: number, shape: Shape): number[] {
  const indices: number[] = [];
  let rest = i;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    indices[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return indices;
}

const positionOf = (indices: readonly number[], shape: Shape) =>
  indices.reduce((position, index, axis) => position * shape[axis] + index, 0);

/** `x * scale + offset`, each `[channels]`. */
function scaled(
  input: number,
  size: number,
  scale: ArrayLike<number>,
  offset: ArrayLike<number>,
  context: Lowering,
): number {
  const spread = (values: ArrayLike<number>) =>
    Float64Array.from({ length: size }, (_, i) => values[i % values.length]);
  return context.add(new Scale(spread(scale), spread(offset)), input);
}

const identity = ({ inputs }: Lowering) => inputs[0];

/** How each layer kind is bounded; a kind that is missing has no bound. */
const RULES: { readonly [Kind in Layer['kind']]?: Rule<Kind> } = {
  conv2d: (layer, context) => convolve(layer, 1, context),
  'depthwise-conv2d': (layer, context) => convolve(layer, context.inputShapes[0][2], context),
  'grouped-conv2d': (layer, context) => convolve(layer, layer.groups, context),
  dense(layer, context) {
    const shape = denseShape(context.inputShapes[0], layer.units);
    const bias = layer.bias ? context.weight('bias') : undefined;
    const sum = context.add(
      new Convolution(shape, context.weight('kernel'), bias),
      context.inputs[0],
    );
    return layer.activation === 'relu' ? context.add(relu(sizeOf(context.outputShape)), sum) : sum;
  },
  'max-pool': (layer, context) =>
    context.add(
      new Maximum(windowPositions(layer, context.inputShapes[0], context.outputShape)),
      context.inputs[0],
    ),
  'global-max-pool': (_, context) => {
    const [input] = context.inputShapes;
    const groups = windowPositions(wholeImage(input), input, [1, 1, input[2]]);
    return context.add(new Maximum(groups), context.inputs[0]);
  },
  'average-pool': (layer, context) =>
    averagePool(layer, context.inputShapes[0], context.outputShape, context),
  'global-average-pool': (_, context) => {
    const [input] = context.inputShapes;
    return averagePool(wholeImage(input), input, [1, 1, input[2]], context);
  },
  reduce(layer, context) {
    const [input] = context.inputShapes;
    const last = input[input.length - 1];
    const rows: Shape = [sizeOf(input) / last, last, 1];
    if (layer.reduction === 'max') {
      const groups = Array.from({ length: rows[0] }, (_, row) =>
        Array.from({ length: last }, (_, i) => row * last + i),
      );
      return context.add(new Maximum(groups), context.inputs[0]);
    }
    const window: Windowed = { size: [1, last], strides: [1, 1], padding: 'valid' };
    return averagePool(window, rows, [rows[0], 1, 1], context);
  },
  affine(_, context) {
    const size = sizeOf(context.outputShape);
    const [scale, offset] = [context.weight('scale'), context.weight('offset')];
    return scaled(context.inputs[0], size, scale, offset, context);
  },
  add(_, context) {
    const { inputShapes, outputShape, inputs } = context;
    const places = inputShapes.map((shape) =>
      Int32Array.from({ length: sizeOf(outputShape) }, (_, i) => {
        const indices = indicesOf(i, outputShape);
        return positionOf(
          indices.map((index, axis) => (shape[axis] === 1 ? 0 : index)),
          shape,
        );
      }),
    );
    return context.add(new Gather(places), ...inputs);
  },
  concat(_, context) {
    const { inputShapes, outputShape, inputs } = context;
    const channels = outputShape[outputShape.length - 1];
    let start = 0;
    const places = inputShapes.map((shape) => {
      const own = shape[shape.length - 1];
      const first = start;
      start += own;
      return Int32Array.from({ length: sizeOf(outputShape) }, (_, i) => {
        const c = (i % channels) - first;
        return c >= 0 && c < own ? Math.floor(i / channels) * own + c : NOWHERE;
      });
    });
    return context.add(new Gather(places), ...inputs);
  },
  pad({ padding: [[top], [left]] }, context) {
    const [input] = context.inputShapes;
    return move(context, (i) => {
      const [y, x, c] = indicesOf(i, context.outputShape);
      const isInside = y >= top && y < top + input[0] && x >= left && x < left + input[1];
      return isInside ? positionOf([y - top, x - left, c], input) : NOWHERE;
    });
  },
  transpose({ order }, context) {
    const [input] = context.inputShapes;
    return move(context, (i) => {
      const indices: number[] = [];
      indicesOf(i, context.outputShape).forEach((index, axis) => {
        indices[order[axis]] = index;
      });
      return positionOf(indices, input);
    });
  },
  slice({ axis, start }, context) {
    const [input] = context.inputShapes;
    return move(context, (i) => {
      const indices = indicesOf(i, context.outputShape);
      indices[axis] += start;
      return positionOf(indices, input);
    });
  },
  activation(layer, context) {
    const size = sizeOf(context.outputShape);
    const [input] = context.inputs;
    const { activation } = layer;
    if (activation === 'relu') return context.add(relu(size), input);
    if (activation === 'relu6') {
      // min(relu(x), 6) = 6 - relu(6 - relu(x)).
      const mirrored = (from: number) => scaled(from, size, [-1], [6], context);
      return mirrored(context.add(relu(size), mirrored(context.add(relu(size), input))));
    }
    if (activation in CURVES) {
      return context.add(new CurveOperation(size, activation as CurveName), input);
    }
    throw unbounded(layer, `the activation ${activation}`);
  },
  'leaky-relu'(layer, context) {
    if (layer.slope > 1) throw unbounded(layer, `a leaky ReLU with a slope of ${layer.slope}`);
    return context.add(
      new Bend(sizeOf(context.outputShape), Float64Array.of(layer.slope)),
      context.inputs[0],
    );
  },
  prelu: (_, context) =>
    context.add(
      new Bend(sizeOf(context.outputShape), Float64Array.from(context.weight('scale'))),
      context.inputs[0],
    ),
  flatten: (_, context) => identity(context),
  reshape: (_, context) => identity(context),
  dropout: (_, context) => identity(context),
};

function unbounded({ name }: Layer, what: string): UserError {
  return new UserError('no-bound', `${name} cannot be certified: there is no bound for ${what}`, {
    hint: 'layers that have bounds: convolutions, dense, pools, affine, add, concat, and most activations',
  });
}

function lower<Kind extends Layer['kind']>(layer: LayerOf<Kind>, context: Lowering): number {
  const rule = RULES[layer.kind as Kind] as Rule<Kind> | undefined;
  if (rule === undefined) throw unbounded(layer, `the layer kind ${layer.kind}`);
  return rule(layer, context);
}

/**
 * The operations of a network, for images `[height, width, channels]` flattened.
 * @throws UserError `no-bound` naming the layer that has none; `bad-network` as `inferShapes`
 */
export function lowerNetwork(network: Network, weights: readonly Weight[]): Graph {
  const weight = weightLookup(weights);
  const nodes: Node[] = [];
  const inputSize = sizeOf(network.inputShape);
  const layers: readonly ShapedLayer[] = inferShapes(network);
  const last = walkLayers<number>(layers, INPUT, ({ layer, inputShapes, outputShape }, inputs) =>
    lower(layer, {
      inputs,
      inputShapes,
      outputShape,
      weight: (role) => weight(layer.name, role).values,
      add(operation, ...from) {
        nodes.push({ operation, inputs: from });
        return nodes.length;
      },
    }),
  );
  if (last !== nodes.length) {
    const places = Int32Array.from({ length: network.classes }, (_, i) => i);
    nodes.push({ operation: new Gather([places]), inputs: [last] });
  }
  return { inputShape: network.inputShape, inputSize, nodes };
}

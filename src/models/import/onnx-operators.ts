/** What each ONNX operator becomes: a constant, a view of a feature, or a layer. */

import { nonlinearitiesBy } from '../layers/activation.ts';
import type { Padding } from '../layers/layer-kind.ts';
import type { Nonlinearity } from '../layers/nonlinearities.ts';
import { samePadding } from '../layers/shared/window.ts';
import type { NodeProto, TensorProto } from '../onnx/gen/onnx_pb.ts';
import {
  type Constant,
  constant,
  elementsOf,
  map,
  resolveShape,
  scalar,
  sliceVector,
  transpose,
  vector,
} from './constants.ts';
import {
  affine,
  batchNormalization,
  convolution,
  dense,
  depthwiseConvolution,
  flatten,
} from './layers.ts';
import type { Feature, LayerContent } from './network-builder.ts';
import {
  arePadding,
  arePositive,
  arithmeticFor,
  axisOf,
  type Call as BaseCall,
  constantAt,
  expanded,
  fail,
  gather,
  isConstant,
  kernelAt,
  nonlinearOperators,
  numbersAt,
  reshaped,
  squeezed,
  viewAt,
} from './operators.ts';

/**
 * A feature as ONNX sees it: channels first, channels last, a vector, or the `[channels, 1, 1]`
 * that global pooling leaves. Features themselves are always channels last.
 */
export interface OnnxView {
  readonly kind: 'view';
  readonly feature: Feature;
  readonly layout: 'nchw' | 'nhwc' | 'flat' | 'pooled';
  /** Of a vector that ONNX made from channels first: `[height, width, channels]` before that. */
  readonly unrolled?: readonly number[];
}

export interface OnnxProbabilities {
  readonly kind: 'probabilities';
  readonly logits: OnnxView;
}

export type OnnxValue = Constant | OnnxView | OnnxProbabilities;

/** Attributes of a node, read with their defaults. */
export class OnnxAttributes {
  readonly #attributes: ReadonlyMap<string, NodeProto['attribute'][number]>;
  readonly #decode: (tensor: TensorProto) => Constant;

  constructor(node: NodeProto, decode: (tensor: TensorProto) => Constant) {
    this.#attributes = new Map(node.attribute.map((one) => [one.name, one]));
    this.#decode = decode;
  }

  integer(name: string, otherwise: number): number {
    const found = this.#attributes.get(name);
    return found ? Number(found.i) : otherwise;
  }

  float(name: string, otherwise: number): number {
    return this.#attributes.get(name)?.f ?? otherwise;
  }

  integers(name: string): number[] | undefined {
    return this.#attributes.get(name)?.ints.map(Number);
  }

  string(name: string, otherwise: string): string {
    const found = this.#attributes.get(name);
    return found ? new TextDecoder().decode(found.s) : otherwise;
  }

  /** The value of a `Constant` node, in any of the forms it may take. */
  constant(): Constant | undefined {
    const tensor = this.#attributes.get('value')?.t;
    if (tensor) return this.#decode(tensor);
    const { i, ints, f, floats } = {
      i: this.#attributes.get('value_int')?.i,
      ints: this.#attributes.get('value_ints')?.ints,
      f: this.#attributes.get('value_float')?.f,
      floats: this.#attributes.get('value_floats')?.floats,
    };
    if (i !== undefined) return scalar(Number(i));
    if (f !== undefined) return scalar(f);
    const list = ints?.map(Number) ?? floats;
    return list && vector(list);
  }
}

interface Call extends BaseCall<OnnxValue> {
  readonly attributes: OnnxAttributes;
}

type Operator = (call: Call) => OnnxValue;

/** The shape that ONNX sees, without the batch axis. */
function shapeOf({ feature, layout }: OnnxView): readonly number[] {
  const [height, width, channels] = feature.shape;
  if (layout === 'nchw') return [channels, height, width];
  return layout === 'pooled' ? [...feature.shape, 1, 1] : feature.shape;
}

function image(call: Call, index = 0): Feature {
  const { feature, layout } = viewAt(call, index);
  return layout === 'nchw' ? feature : fail(call, 'its input is not channels first');
}

function channelsFirst(feature: Feature): OnnxView {
  return { kind: 'view', feature, layout: 'nchw' };
}

/** The vector that ONNX makes of a view; where it came from decides the order of its numbers. */
function flat(call: Call, input: OnnxView): OnnxView {
  if (input.layout === 'flat') return input;
  const { shape } = input.feature;
  const feature = flatten(call.builder, input.feature);
  const [height, width, channels] = shape;
  const reordered = input.layout === 'nchw' && channels > 1 && height * width > 1;
  return { kind: 'view', feature, layout: 'flat', ...(reordered ? { unrolled: shape } : {}) };
}

/** Moves the rows of `[channels * height * width, …]` to the order of `[height, width, channels]`. */
function reorderRows(rows: Constant, unrolled: readonly number[] | undefined): Constant {
  if (unrolled === undefined) return rows;
  const [height, width, channels] = unrolled;
  const rest = rows.values.length / elementsOf(unrolled);
  const split = constant([channels, height, width, rest], rows.values);
  return constant(rows.shape, transpose(split, [1, 2, 0, 3]).values);
}

/** The numbers of a constant, one per channel of a view (or one for all). */
function perChannel(call: Call, input: OnnxView, value: Constant): ArrayLike<number> {
  if (value.values.length === 1) return value.values;
  const sizes = [...value.shape];
  while (sizes.length > 1 && sizes[0] === 1) sizes.shift();
  const channels = input.feature.shape[input.feature.shape.length - 1];
  const expected =
    input.layout === 'nchw' || input.layout === 'pooled' ? [channels, 1, 1] : [channels];
  if (`${sizes}` !== `${expected}`) fail(call, `a constant of shape [${value.shape}]`);
  return reorderRows(vector(Array.from(value.values)), input.unrolled).values;
}

function scaled(
  call: Call,
  input: OnnxView,
  scale: ArrayLike<number>,
  offset: ArrayLike<number>,
): OnnxView {
  return { ...input, feature: affine(call.builder, input.feature, scale, offset) };
}

function elementwise(call: Call, content: LayerContent): OnnxView {
  const input = viewAt(call);
  return { ...input, feature: call.builder.add(content, [input.feature]) };
}

function pair(call: Call, values: readonly number[]): [number, number] {
  if (values.length !== 2 || !arePositive(values)) fail(call, `sizes [${values}]`);
  return [values[0], values[1]];
}

/** `[top, left, bottom, right]`. */
function pads(call: Call): number[] {
  const sizes = call.attributes.integers('pads') ?? [0, 0, 0, 0];
  return sizes.length === 4 && arePadding(sizes) ? sizes : fail(call, `padding [${sizes}]`);
}

function padding(call: Call): Padding {
  const rule = call.attributes.string('auto_pad', 'NOTSET');
  if (rule === 'SAME_UPPER') return 'same';
  if (rule !== 'NOTSET' && rule !== 'VALID') fail(call, `auto_pad ${rule}`);
  const [top, left, bottom, right] = rule === 'VALID' ? [0, 0, 0, 0] : pads(call);
  if (top + left + bottom + right === 0) return 'valid';
  return [
    [top, bottom],
    [left, right],
  ];
}

function convolve(call: Call): OnnxView {
  const input = image(call);
  const kernel = kernelAt(call, 1);
  const group = call.attributes.integer('group', 1);
  const window = {
    strides: pair(call, call.attributes.integers('strides') ?? [1, 1]),
    dilations: pair(call, call.attributes.integers('dilations') ?? [1, 1]),
    padding: padding(call),
  };
  const [out, perGroup, height, width] = kernel.shape;
  const channels = input.shape[2];
  let result: Feature;
  if (group === 1) {
    result = convolution(call.builder, input, transpose(kernel, [2, 3, 1, 0]), window);
  } else if (group === channels && perGroup === 1 && out % channels === 0) {
    const split = constant([channels, out / channels, height, width], kernel.values);
    result = depthwiseConvolution(call.builder, input, transpose(split, [2, 3, 0, 1]), window);
  } else {
    return fail(call, `${group} groups of ${channels} channels`);
  }
  return withBias(call, channelsFirst(result), 2);
}

/** Adds the bias that may be the given input: one number per channel. */
function withBias(call: Call, result: OnnxView, index: number): OnnxView {
  if (call.inputs[index] === undefined) return result;
  return scaled(call, result, [1], constantAt(call, index).values);
}

function product(call: Call, kernel: Constant): OnnxView {
  if (kernel.shape.length !== 2) fail(call, `a matrix of shape [${kernel.shape}]`);
  const input = viewAt(call);
  if (input.layout !== 'flat') fail(call, 'its input is not a vector');
  const rows = reorderRows(kernel, input.unrolled);
  return { kind: 'view', feature: dense(call.builder, input.feature, rows), layout: 'flat' };
}

function gemm(call: Call): OnnxView {
  const { attributes } = call;
  if (attributes.integer('transA', 0) !== 0) fail(call, 'with transA');
  const weights = constantAt(call, 1);
  const matrix = attributes.integer('transB', 0) !== 0 ? transpose(weights, [1, 0]) : weights;
  const alpha = attributes.float('alpha', 1);
  const result = product(
    call,
    map(matrix, (x) => alpha * x),
  );
  if (call.inputs[2] === undefined) return result;
  const beta = attributes.float('beta', 1);
  const bias = map(constantAt(call, 2), (x) => beta * x);
  return scaled(call, result, [1], perChannel(call, result, bias));
}

function batchNorm(call: Call): OnnxView {
  const input = viewAt(call);
  if (call.attributes.integer('training_mode', 0) !== 0) fail(call, 'in training mode');
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map(
    (index) => reorderRows(constantAt(call, index), input.unrolled).values,
  );
  const epsilon = call.attributes.float('epsilon', 1e-5);
  const parameters = { gamma, beta, mean, variance, epsilon };
  return { ...input, feature: batchNormalization(call.builder, input.feature, parameters) };
}

const arithmetic = arithmeticFor<OnnxValue, Call>({
  scale(call, index, operand, parts) {
    const input = viewAt(call, index);
    return scaled(call, input, ...parts(perChannel(call, input, operand)));
  },
  join(call, kind) {
    const [a, b] = [viewAt(call, 0), viewAt(call, 1)];
    if (a.layout !== b.layout || `${a.unrolled}` !== `${b.unrolled}`) fail(call, 'of two layouts');
    if (`${shapeOf(a)}` !== `${shapeOf(b)}`) fail(call, `of [${shapeOf(a)}] and [${shapeOf(b)}]`);
    return { ...a, feature: call.builder.add({ kind }, [a.feature, b.feature]) };
  },
});

function nonlinear(activation: Nonlinearity): Operator {
  return (call) => {
    if (activation === 'elu' && call.attributes.float('alpha', 1) !== 1) fail(call, 'with alpha');
    return elementwise(call, { kind: 'activation', activation });
  };
}

function clip(call: Call): OnnxValue {
  const bound = (index: number, name: string, otherwise: number) =>
    call.inputs[index] ? numbersAt(call, index)[0] : call.attributes.float(name, otherwise);
  const low = bound(1, 'min', Number.NEGATIVE_INFINITY);
  const high = bound(2, 'max', Number.POSITIVE_INFINITY);
  if (low !== 0 || (high !== 6 && high < 3e38)) fail(call, `to [${low}, ${high}]`);
  return elementwise(call, { kind: 'activation', activation: high === 6 ? 'relu6' : 'relu' });
}

function pool(kind: 'max-pool' | 'average-pool'): Operator {
  return (call) => {
    const { attributes, builder } = call;
    let input = image(call);
    const size = pair(call, attributes.integers('kernel_shape') ?? []);
    const strides = pair(call, attributes.integers('strides') ?? [1, 1]);
    if (`${pair(call, attributes.integers('dilations') ?? [1, 1])}` !== '1,1')
      fail(call, 'dilated');
    let pad = padding(call);
    if (attributes.integer('ceil_mode', 0) !== 0) {
      const [[top, bottom], [left, right]] =
        typeof pad === 'string'
          ? [
              [0, 0],
              [0, 0],
            ]
          : pad;
      const spare = [
        (input.shape[0] + top + bottom - size[0]) % strides[0],
        (input.shape[1] + left + right - size[1]) % strides[1],
      ];
      if (pad === 'same' || spare[0] + spare[1] !== 0) fail(call, 'with ceil_mode');
    }
    if (kind === 'average-pool' && typeof pad !== 'string') {
      const same = [0, 1].map((axis) => samePadding(input.shape[axis], size[axis], strides[axis]));
      if (attributes.integer('count_include_pad', 0) !== 0) {
        input = builder.add({ kind: 'pad', padding: pad }, [input]);
        pad = 'valid';
      } else if (`${pad}` === `${same}`) {
        pad = 'same';
      } else {
        fail(call, 'with padding that does not count');
      }
    }
    return channelsFirst(builder.add({ kind, size, strides, padding: pad }, [input]));
  };
}

function globalPool(kind: 'global-max-pool' | 'global-average-pool'): Operator {
  return (call) => {
    const feature = call.builder.add({ kind }, [image(call)]);
    return { kind: 'view', feature, layout: 'pooled' };
  };
}

/** A mean or maximum over both axes of the image. */
function reduce(kind: 'global-max-pool' | 'global-average-pool'): Operator {
  return (call) => {
    const listed = call.inputs[1] ? numbersAt(call, 1) : (call.attributes.integers('axes') ?? []);
    const axes = listed.map((axis) => axisOf(axis, 4)).sort();
    const { feature, layout } = viewAt(call);
    const pixels = layout === 'nhwc' ? '1,2' : '2,3';
    if (feature.shape.length !== 3 || `${axes}` !== pixels) fail(call, `over the axes [${axes}]`);
    const pooled = call.builder.add({ kind }, [feature]);
    const kept = call.attributes.integer('keepdims', 1) !== 0;
    if (kept && layout === 'nhwc') fail(call, 'with keepdims on channels last');
    return { kind: 'view', feature: pooled, layout: kept ? 'pooled' : 'flat' };
  };
}

function reshape(call: Call): OnnxValue {
  const target = numbersAt(call, 1);
  const [input] = call.inputs;
  if (isConstant(input)) {
    const sizes = target.map((size, i) => (size === 0 ? input.shape[i] : size));
    return reshaped(input, sizes);
  }
  const seen = viewAt(call);
  const shape = shapeOf(seen);
  const sizes = target.slice(1).map((size, i) => (size === 0 ? shape[i] : size));
  const wanted = resolveShape(sizes, elementsOf(shape));
  if (`${wanted}` === `${shape}`) return seen;
  const [height, width, channels] = seen.feature.shape;
  if (channels === 1 && `${wanted}` === `${[1, height, width]}`) return { ...seen, layout: 'nchw' };
  if (channels === 1 && `${wanted}` === `${[height, width, 1]}`) return { ...seen, layout: 'nhwc' };
  if (`${wanted}` !== `${elementsOf(shape)}`) fail(call, `to [${target}]`);
  return flat(call, seen);
}

function squeeze(call: Call): OnnxValue {
  const [input] = call.inputs;
  const axes = call.inputs[1] ? numbersAt(call, 1) : call.attributes.integers('axes');
  if (isConstant(input)) {
    return squeezed(input, axes);
  }
  const seen = viewAt(call);
  if (seen.layout !== 'pooled') fail(call, 'of what global pooling did not make');
  return flat(call, seen);
}

function unsqueeze(call: Call): OnnxValue {
  const input = constantAt(call, 0);
  const axes = call.inputs[1] ? numbersAt(call, 1) : (call.attributes.integers('axes') ?? []);
  return axes.reduce(expanded, input);
}

function permute(call: Call): OnnxValue {
  const order = call.attributes.integers('perm');
  const [input] = call.inputs;
  if (isConstant(input)) {
    return transpose(input, order ?? input.shape.map((_, i) => input.shape.length - 1 - i));
  }
  const seen = viewAt(call);
  if (seen.layout === 'nchw' && `${order}` === '0,2,3,1') return { ...seen, layout: 'nhwc' };
  if (seen.layout === 'nhwc' && `${order}` === '0,3,1,2') return { ...seen, layout: 'nchw' };
  return fail(call, `by [${order}]`);
}

function concat(call: Call): OnnxValue {
  const axis = call.attributes.integer('axis', 1);
  if (call.inputs.every(isConstant)) {
    return vector(call.inputs.flatMap((_, i) => numbersAt(call, i)));
  }
  const parts = call.inputs.map((_, i) => viewAt(call, i));
  const [{ layout }] = parts;
  const rank = shapeOf(parts[0]).length + 1;
  const channels = layout === 'nchw' || layout === 'pooled' ? 1 : rank - 1;
  const alike = parts.every((part) => part.layout === layout && part.unrolled === undefined);
  if (!alike || axisOf(axis, rank) !== channels) fail(call, `along the axis ${axis}`);
  const features = parts.map(({ feature }) => feature);
  return { kind: 'view', feature: call.builder.add({ kind: 'concat' }, features), layout };
}

function pad(call: Call): OnnxValue {
  const mode = call.attributes.string('mode', 'constant');
  const value = call.inputs[2] ? numbersAt(call, 2)[0] : call.attributes.float('value', 0);
  const sizes = call.inputs[1] ? numbersAt(call, 1) : (call.attributes.integers('pads') ?? []);
  const [, , top, left, , , bottom, right] = sizes;
  const others = sizes[0] + sizes[1] + sizes[4] + sizes[5];
  if (
    mode !== 'constant' ||
    value !== 0 ||
    sizes.length !== 8 ||
    !arePadding(sizes) ||
    others !== 0
  ) {
    fail(call, `${mode} [${sizes}] with ${value}`);
  }
  const content = {
    kind: 'pad',
    padding: [
      [top, bottom],
      [left, right],
    ],
  } as const;
  return channelsFirst(call.builder.add(content, [image(call)]));
}

function softmax(call: Call): OnnxValue {
  const logits = viewAt(call);
  const axis = call.attributes.integer('axis', -1);
  if (logits.layout !== 'flat' || (axis !== 1 && axis !== -1)) fail(call, `along the axis ${axis}`);
  return { kind: 'probabilities', logits };
}

function slice(call: Call): OnnxValue {
  const at = (index: number, name: string, otherwise: number) =>
    (call.inputs[index] ? numbersAt(call, index) : call.attributes.integers(name))?.[0] ??
    otherwise;
  return sliceVector(constantAt(call, 0), at(1, 'starts', 0), at(2, 'ends', 0), at(4, 'steps', 1));
}

const pass: Operator = (call) => call.inputs[0] ?? fail(call, 'without an input');

export const ONNX_OPERATORS: Readonly<Record<string, Operator>> = {
  Conv: convolve,
  Gemm: gemm,
  MatMul: (call) => product(call, constantAt(call, 1)),
  BatchNormalization: batchNorm,

  Add: arithmetic('add'),
  Sub: arithmetic('subtract'),
  Mul: arithmetic('multiply'),
  Div: arithmetic('divide'),

  ...nonlinearOperators(nonlinearitiesBy('onnx'), nonlinear),
  LeakyRelu: (call) =>
    elementwise(call, { kind: 'leaky-relu', slope: call.attributes.float('alpha', 0.01) }),
  Clip: clip,
  Softmax: softmax,
  LogSoftmax: softmax,

  MaxPool: pool('max-pool'),
  AveragePool: pool('average-pool'),
  GlobalMaxPool: globalPool('global-max-pool'),
  GlobalAveragePool: globalPool('global-average-pool'),
  ReduceMean: reduce('global-average-pool'),
  ReduceMax: reduce('global-max-pool'),
  Pad: pad,
  Concat: concat,

  Flatten: (call) => {
    const axis = call.attributes.integer('axis', 1);
    return axis === 1 ? flat(call, viewAt(call)) : fail(call, `from the axis ${axis}`);
  },
  Reshape: reshape,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: permute,
  Identity: pass,
  Dropout: pass,
  Cast: pass,
  Constant: (call) => call.attributes.constant() ?? fail(call, 'without a value'),
  Shape: (call) => {
    const [input] = call.inputs;
    return vector(isConstant(input) ? input.shape : [-1, ...shapeOf(viewAt(call))]);
  },
  Gather: gather,
  Slice: slice,
};

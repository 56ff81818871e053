/** Unary and binary arithmetic with broadcasting, comparisons, select, clip, casts, fills. */
import {
  Abs,
  Add,
  AddN,
  broadcast_util,
  Cast,
  type CastAttrs,
  ClipByValue,
  type ClipByValueAttrs,
  Elu,
  Equal,
  Exp,
  Expm1,
  Fill,
  type FillAttrs,
  Greater,
  GreaterEqual,
  LeakyRelu,
  type LeakyReluAttrs,
  Less,
  LessEqual,
  Log,
  Log1p,
  Maximum,
  Minimum,
  Multiply,
  Neg,
  NotEqual,
  OnesLike,
  Pow,
  RealDiv,
  Reciprocal,
  Relu,
  Relu6,
  Rsqrt,
  Select,
  Sigmoid,
  Sign,
  Softplus,
  Sqrt,
  Square,
  SquaredDifference,
  Step,
  type StepAttrs,
  Sub,
  Tanh,
  type TensorInfo,
  util,
  ZerosLike,
} from '@tensorflow/tfjs-core';
import type { CompiledBackend } from './backend.ts';
import { BinaryOp, CompareOp, UnaryOp } from './kernel-table.ts';
import { type CompiledKernel, kernel } from './registry.ts';
import { int32Block } from './sizes.ts';

const MAX_RANK = 6;

/**
 * The shape block of `kernel_list.h` for `a op b`: rank, dimensions, strides of a, strides of b; stride
 * 0 where an operand is broadcast. Neighboring dimensions in which both operands advance alike are merged,
 * so most calls have rank 1 or 2. Undefined when more than six dimensions are left.
 *
 * @throws RangeError when a number does not fit into 32 bits
 */
export function broadcastShape(a: number[], b: number[], out: number[]): Int32Array | undefined {
  const dims: number[] = [];
  const keepsA: boolean[] = [];
  const keepsB: boolean[] = [];
  for (let i = 0; i < out.length; i++) {
    if (out[i] === 1) continue;
    const keepA = (a[i - out.length + a.length] ?? 1) !== 1;
    const keepB = (b[i - out.length + b.length] ?? 1) !== 1;
    const last = dims.length - 1;
    if (last >= 0 && keepsA[last] === keepA && keepsB[last] === keepB) {
      dims[last] *= out[i];
    } else {
      dims.push(out[i]);
      keepsA.push(keepA);
      keepsB.push(keepB);
    }
  }
  if (dims.length === 0) return Int32Array.of(1, 1, 1, 1);
  if (dims.length > MAX_RANK) return undefined;
  const strides = (keeps: boolean[]): number[] => {
    const result = new Array<number>(dims.length);
    let stride = 1;
    for (let i = dims.length - 1; i >= 0; i--) {
      result[i] = keeps[i] ? stride : 0;
      if (keeps[i]) stride *= dims[i];
    }
    return result;
  };
  return int32Block('a shape', dims.length, ...dims, ...strides(keepsA), ...strides(keepsB));
}

function runBinary(
  backend: CompiledBackend,
  op: number,
  a: TensorInfo,
  b: TensorInfo,
): TensorInfo | undefined {
  if (!backend.areFloats(a, b)) return undefined;
  const outShape = broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const shape = broadcastShape(a.shape, b.shape, outShape);
  if (shape === undefined) return undefined;
  const out = backend.allocate(outShape);
  const [as, bs, outs] = backend.arrays(a, b, out);
  backend.kernels.binary(op, as, bs, outs, shape);
  return out;
}

function binary(name: string, op: number): CompiledKernel {
  return kernel<'a' | 'b'>(name, ({ inputs: { a, b }, backend }) => runBinary(backend, op, a, b));
}

function compare(name: string, op: number): CompiledKernel {
  return kernel<'a' | 'b'>(name, ({ inputs: { a, b }, backend }) => {
    if (!backend.areFloats(a, b)) return undefined;
    const outShape = broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const shape = broadcastShape(a.shape, b.shape, outShape);
    if (shape === undefined) return undefined;
    const out = backend.allocate(outShape, 'bool');
    const [as, bs, outs] = backend.arrays<[Float32Array, Float32Array, Uint8Array]>(a, b, out);
    backend.kernels.compare(op, as, bs, outs, shape);
    return out;
  });
}

function runUnary(
  backend: CompiledBackend,
  op: number,
  x: TensorInfo,
  alpha = 0,
  beta = 0,
): TensorInfo | undefined {
  if (x.dtype !== 'float32' || !backend.areFloats(x)) return undefined;
  const out = backend.allocate(x.shape);
  const [xs, outs] = backend.arrays(x, out);
  backend.kernels.unary(op, xs, outs, xs.length, alpha, beta);
  return out;
}

function unary(name: string, op: number): CompiledKernel {
  return kernel<'x'>(name, ({ inputs: { x }, backend }) => runUnary(backend, op, x));
}

const leakyRelu = kernel<'x', LeakyReluAttrs>(LeakyRelu, ({ inputs: { x }, attrs, backend }) =>
  runUnary(backend, UnaryOp.leakyRelu, x, attrs.alpha),
);

const clip = kernel<'x', ClipByValueAttrs>(ClipByValue, ({ inputs: { x }, attrs, backend }) =>
  runUnary(backend, UnaryOp.clip, x, attrs.clipValueMin, attrs.clipValueMax),
);

const relu6 = kernel<'x'>(Relu6, ({ inputs: { x }, backend }) =>
  runUnary(backend, UnaryOp.clip, x, 0, 6),
);

const step = kernel<'x', StepAttrs>(Step, ({ inputs: { x }, attrs, backend }) =>
  runUnary(backend, UnaryOp.step, x, attrs.alpha),
);

/** The condition may have one entry for each row of `t`; that rare form stays in JavaScript. */
const select = kernel<'condition' | 't' | 'e'>(
  Select,
  ({ inputs: { condition, t, e }, backend }) => {
    const { array } = backend.data.get(condition.dataId);
    if (!(array instanceof Uint8Array) || !backend.areFloats(t, e)) return undefined;
    if (!util.arraysEqual(condition.shape, t.shape)) return undefined;
    const out = backend.allocate(t.shape);
    const [conditions, ts, es, outs] = backend.arrays<
      [Uint8Array, Float32Array, Float32Array, Float32Array]
    >(condition, t, e, out);
    backend.kernels.where(conditions, ts, es, outs, outs.length);
    return out;
  },
);

function runFill(backend: CompiledBackend, shape: number[], value: number): TensorInfo | undefined {
  if (util.sizeFromShape(shape) === 0) return undefined;
  const out = backend.allocate(shape);
  const [outs] = backend.arrays(out);
  backend.kernels.fill(outs, outs.length, value);
  return out;
}

const fill = kernel<never, FillAttrs>(Fill, ({ attrs: { shape, value, dtype }, backend }) => {
  if (typeof value !== 'number' || (dtype ?? 'float32') !== 'float32') return undefined;
  return runFill(backend, shape, value);
});

function fillLike(name: string, value: number): CompiledKernel {
  return kernel<'x'>(name, ({ inputs: { x }, backend }) =>
    x.dtype === 'float32' ? runFill(backend, x.shape, value) : undefined,
  );
}

/**
 * Casts to float32 convert the values, where the inherited kernel keeps them in an integer array
 * that later kernels could not work on.
 */
const cast = kernel<'x', CastAttrs>(Cast, ({ inputs: { x }, attrs, backend }) => {
  if (attrs.dtype !== 'float32' || x.dtype === 'complex64') return undefined;
  const { array } = backend.data.get(x.dataId);
  if (array === undefined || array.length === 0) return undefined;
  if (array instanceof Uint8Array) {
    const out = backend.allocate(x.shape);
    const [xs, outs] = backend.arrays<[Uint8Array, Float32Array]>(x, out);
    backend.kernels.bytes_to_float(xs, outs, outs.length, 1);
    return out;
  }
  if (array instanceof Int32Array) {
    const out = backend.allocate(x.shape);
    const [xs, outs] = backend.arrays<[Int32Array, Float32Array]>(x, out);
    backend.kernels.ints_to_float(xs, outs, outs.length);
    return out;
  }
  return undefined;
});

/** The one kernel whose inputs are a list. */
const addN: CompiledKernel = {
  name: AddN,
  run: (call) => {
    const terms = call.inputs as unknown as TensorInfo[];
    const backend = call.backend as CompiledBackend;
    if (terms.length < 2 || !backend.areFloats(...terms)) return undefined;
    let sum = runBinary(backend, BinaryOp.add, terms[0], terms[1]);
    for (const term of terms.slice(2)) {
      if (sum === undefined) return undefined;
      const partial = sum;
      sum = runBinary(backend, BinaryOp.add, partial, term);
      backend.disposeIntermediateTensorInfo(partial);
    }
    return sum;
  },
};

/** dy where the ReLU's input is positive, else 0; a kernel of this backend only. */
export const RELU_GRAD = 'ReluGrad';

export const elementwiseKernels: readonly CompiledKernel[] = [
  binary(Add, BinaryOp.add),
  binary(Sub, BinaryOp.sub),
  binary(Multiply, BinaryOp.mul),
  binary(RealDiv, BinaryOp.div),
  binary(Maximum, BinaryOp.maximum),
  binary(Minimum, BinaryOp.minimum),
  binary(SquaredDifference, BinaryOp.squaredDifference),
  binary(Pow, BinaryOp.pow),
  binary(RELU_GRAD, BinaryOp.reluGrad),
  compare(Equal, CompareOp.equal),
  compare(NotEqual, CompareOp.notEqual),
  compare(Less, CompareOp.less),
  compare(LessEqual, CompareOp.lessEqual),
  compare(Greater, CompareOp.greater),
  compare(GreaterEqual, CompareOp.greaterEqual),
  unary(Neg, UnaryOp.neg),
  unary(Abs, UnaryOp.abs),
  unary(Sign, UnaryOp.sign),
  unary(Square, UnaryOp.square),
  unary(Sqrt, UnaryOp.sqrt),
  unary(Rsqrt, UnaryOp.rsqrt),
  unary(Exp, UnaryOp.exp),
  unary(Log, UnaryOp.log),
  unary(Relu, UnaryOp.reluUnary),
  unary(Tanh, UnaryOp.tanh),
  unary(Sigmoid, UnaryOp.sigmoid),
  unary(Reciprocal, UnaryOp.reciprocal),
  unary(Log1p, UnaryOp.log1p),
  unary(Expm1, UnaryOp.expm1),
  unary(Softplus, UnaryOp.softplus),
  unary(Elu, UnaryOp.elu),
  leakyRelu,
  relu6,
  clip,
  step,
  select,
  fill,
  fillLike(OnesLike, 1),
  fillLike(ZerosLike, 0),
  cast,
  addN,
];

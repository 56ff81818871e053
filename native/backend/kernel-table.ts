// Generated from native/src/kernel_list.h and kernels.h by native/build/kernels.mjs.

/** The compiled kernels; shapes and conventions are documented in `kernel_list.h`. */
export interface KernelTable {
  conv2d(
    x: Float32Array,
    w: Float32Array,
    bias: Float32Array | null,
    y: Float32Array,
    geometry: Int32Array,
    activation: number,
  ): void;
  conv2d_backprop_input(
    dy: Float32Array,
    w: Float32Array,
    dx: Float32Array,
    geometry: Int32Array,
  ): void;
  conv2d_backprop_filter(
    x: Float32Array,
    dy: Float32Array,
    dw: Float32Array,
    geometry: Int32Array,
  ): void;
  conv2d_relu_pool(
    x: Float32Array,
    w: Float32Array,
    bias: Float32Array,
    y: Float32Array,
    argmax: Uint8Array,
    geometry: Int32Array,
    pool: number,
  ): void;
  conv2d_relu_pool_backprop_filter(
    x: Float32Array,
    dy: Float32Array,
    argmax: Uint8Array,
    dw: Float32Array,
    dbias: Float32Array | null,
    geometry: Int32Array,
    pool: number,
  ): void;
  conv2d_relu_pool_backprop_input(
    dy: Float32Array,
    argmax: Uint8Array,
    w: Float32Array,
    dx: Float32Array,
    geometry: Int32Array,
    pool: number,
  ): void;
  depthwise_conv2d(x: Float32Array, w: Float32Array, y: Float32Array, geometry: Int32Array): void;
  depthwise_conv2d_backprop_input(
    dy: Float32Array,
    w: Float32Array,
    dx: Float32Array,
    geometry: Int32Array,
  ): void;
  depthwise_conv2d_backprop_filter(
    x: Float32Array,
    dy: Float32Array,
    dw: Float32Array,
    geometry: Int32Array,
  ): void;
  max_pool(x: Float32Array, y: Float32Array, geometry: Int32Array): void;
  max_pool_grad(x: Float32Array, dy: Float32Array, dx: Float32Array, geometry: Int32Array): void;
  avg_pool(x: Float32Array, y: Float32Array, geometry: Int32Array): void;
  avg_pool_grad(dy: Float32Array, dx: Float32Array, geometry: Int32Array): void;
  mat_mul(
    a: Float32Array,
    b: Float32Array,
    bias: Float32Array | null,
    c: Float32Array,
    batch: number,
    m: number,
    k: number,
    n: number,
    strideA: number,
    strideB: number,
    transposeA: number,
    transposeB: number,
    activation: number,
  ): void;
  binary(op: number, a: Float32Array, b: Float32Array, out: Float32Array, shape: Int32Array): void;
  compare(op: number, a: Float32Array, b: Float32Array, out: Uint8Array, shape: Int32Array): void;
  unary(
    op: number,
    x: Float32Array,
    out: Float32Array,
    count: number,
    alpha: number,
    beta: number,
  ): void;
  where(
    condition: Uint8Array,
    a: Float32Array,
    b: Float32Array,
    out: Float32Array,
    count: number,
  ): void;
  fill(out: Float32Array, count: number, value: number): void;
  bytes_to_float(x: Uint8Array, out: Float32Array, count: number, scale: number): void;
  ints_to_float(x: Int32Array, out: Float32Array, count: number): void;
  random_words(out: Int32Array, blocks: number, origin: Int32Array): void;
  reduce(
    op: number,
    x: Float32Array,
    out: Float32Array,
    outer: number,
    middle: number,
    inner: number,
  ): void;
  arg_reduce(
    op: number,
    x: Float32Array,
    out: Int32Array,
    outer: number,
    middle: number,
    inner: number,
  ): void;
  softmax(x: Float32Array, y: Float32Array, rows: number, columns: number): void;
  log_softmax(x: Float32Array, y: Float32Array, rows: number, columns: number): void;
  gather(
    x: Float32Array,
    indices: Int32Array,
    out: Float32Array,
    outer: number,
    axis: number,
    inner: number,
    count: number,
  ): void;
  transpose(x: Float32Array, out: Float32Array, shape: Int32Array): void;
  copy_box(from: Float32Array, to: Float32Array, box: Int32Array): void;
  sgd_step(
    weight: Float32Array,
    velocity: Float32Array,
    gradient: Float32Array,
    count: number,
    learningRate: number,
    momentum: number,
  ): void;
  adam_step(
    weight: Float32Array,
    m: Float32Array,
    v: Float32Array,
    gradient: Float32Array,
    count: number,
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    correction1: number,
    correction2: number,
  ): void;
}

/** Every kernel with its parameters (p: a pointer, i: an integer, f: a float), in order of number. */
export const KERNELS: readonly (readonly [keyof KernelTable, string])[] = [
  ['conv2d', 'pppppi'],
  ['conv2d_backprop_input', 'pppp'],
  ['conv2d_backprop_filter', 'pppp'],
  ['conv2d_relu_pool', 'ppppppi'],
  ['conv2d_relu_pool_backprop_filter', 'ppppppi'],
  ['conv2d_relu_pool_backprop_input', 'pppppi'],
  ['depthwise_conv2d', 'pppp'],
  ['depthwise_conv2d_backprop_input', 'pppp'],
  ['depthwise_conv2d_backprop_filter', 'pppp'],
  ['max_pool', 'ppp'],
  ['max_pool_grad', 'pppp'],
  ['avg_pool', 'ppp'],
  ['avg_pool_grad', 'ppp'],
  ['mat_mul', 'ppppiiiiiiiii'],
  ['binary', 'ipppp'],
  ['compare', 'ipppp'],
  ['unary', 'ippiff'],
  ['where', 'ppppi'],
  ['fill', 'pif'],
  ['bytes_to_float', 'ppif'],
  ['ints_to_float', 'ppi'],
  ['random_words', 'pip'],
  ['reduce', 'ippiii'],
  ['arg_reduce', 'ippiii'],
  ['softmax', 'ppii'],
  ['log_softmax', 'ppii'],
  ['gather', 'pppiiii'],
  ['transpose', 'ppp'],
  ['copy_box', 'ppp'],
  ['sgd_step', 'pppiff'],
  ['adam_step', 'ppppiffffff'],
];

export const Activation = { linear: 0, relu: 1, relu6: 2 } as const;

export const BinaryOp = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  maximum: 4,
  minimum: 5,
  squaredDifference: 6,
  pow: 7,
  reluGrad: 8,
} as const;

export const CompareOp = {
  equal: 0,
  notEqual: 1,
  less: 2,
  lessEqual: 3,
  greater: 4,
  greaterEqual: 5,
} as const;

export const UnaryOp = {
  identity: 0,
  neg: 1,
  abs: 2,
  sign: 3,
  square: 4,
  sqrt: 5,
  rsqrt: 6,
  exp: 7,
  log: 8,
  reluUnary: 9,
  leakyRelu: 10,
  clip: 11,
  tanh: 12,
  sigmoid: 13,
  reciprocal: 14,
  step: 15,
  log1p: 16,
  expm1: 17,
  softplus: 18,
  elu: 19,
} as const;

export const ReduceOp = { sum: 0, mean: 1, max: 2, min: 3, prod: 4 } as const;

export const ArgReduceOp = { argmax: 0, argmin: 1 } as const;

/**
 * The kernel table as TypeScript sees it: the functions of `native/src/kernels.h`, under the same
 * names, with the same arguments. `node.ts` and `wasm.ts` each supply one.
 *
 * Shapes, strides and op numbers are documented in `kernels.h`. Arguments are not checked beyond
 * their type; the files of this folder are where they are validated.
 */
export interface Kernels {
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
  set_threads(count: number): void;
  instruction_set(): number;
  set_instruction_set(isa: number): number;
}

/** The numbers that `instruction_set` returns, as names. */
export const INSTRUCTION_SETS = ['portable', 'avx2', 'avx512', 'neon', 'simd128'] as const;
export type InstructionSet = (typeof INSTRUCTION_SETS)[number];

/** What the addon has beside the kernels. */
export interface Addon extends Kernels {
  /** The address of an array modulo 64. */
  misalignment(array: Float32Array): number;
}

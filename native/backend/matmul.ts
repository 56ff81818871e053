/** Matrix products: all transposes, batches that broadcast, fused bias and activation. */
import {
  _FusedMatMul,
  type _FusedMatMulAttrs,
  BatchMatMul,
  type BatchMatMulAttrs,
  broadcast_util,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import type { CompiledBackend } from './backend.ts';
import { Activation } from './kernel-table.ts';
import { type CompiledKernel, kernel } from './registry.ts';

interface Product {
  readonly outShape: number[];
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly strideA: number;
  readonly strideB: number;
}

/** Undefined when the batches broadcast in a way that two strides cannot express. */
function productOf(
  a: TensorInfo,
  b: TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
): Product | undefined {
  const [rowsA, columnsA] = a.shape.slice(-2);
  const [rowsB, columnsB] = b.shape.slice(-2);
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [innerB, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  if (k !== innerB) return undefined;
  const batchesA = a.shape.slice(0, -2);
  const batchesB = b.shape.slice(0, -2);
  const batches = broadcast_util.assertAndGetBroadcastShape(batchesA, batchesB);
  const batch = util.sizeFromShape(batches);
  const countA = util.sizeFromShape(batchesA);
  const countB = util.sizeFromShape(batchesB);
  if ((countA !== 1 && countA !== batch) || (countB !== 1 && countB !== batch)) return undefined;
  const strideA = countA === 1 ? 0 : m * k;
  const strideB = countB === 1 ? 0 : k * n;
  return { outShape: [...batches, m, n], batch, m, k, n, strideA, strideB };
}

function runProduct(
  backend: CompiledBackend,
  a: TensorInfo,
  b: TensorInfo,
  bias: TensorInfo | undefined,
  transposeA: boolean,
  transposeB: boolean,
  activation: number,
): TensorInfo | undefined {
  if (!backend.areFloats(a, b, ...(bias ? [bias] : []))) return undefined;
  const product = productOf(a, b, transposeA, transposeB);
  if (product === undefined) return undefined;
  const { outShape, batch, m, k, n, strideA, strideB } = product;
  if (bias && util.sizeFromShape(bias.shape) !== n) return undefined;
  const c = backend.allocate(outShape);
  const [as, bs, cs, biases = null] = backend.arrays(a, b, c, ...(bias ? [bias] : []));
  backend.kernels.mat_mul(
    ...[as, bs, biases, cs],
    ...[batch, m, k, n, strideA, strideB],
    ...[Number(transposeA), Number(transposeB), activation],
  );
  return c;
}

const batchMatMul = kernel<'a' | 'b', BatchMatMulAttrs>(
  BatchMatMul,
  ({ inputs: { a, b }, attrs: { transposeA, transposeB }, backend }) =>
    runProduct(backend, a, b, undefined, transposeA, transposeB, Activation.linear),
);

const FUSED_ACTIVATIONS: Record<string, number> = Activation;

const fusedMatMul = kernel<'a' | 'b', _FusedMatMulAttrs, 'bias'>(
  _FusedMatMul,
  ({ inputs: { a, b, bias }, attrs, backend }) => {
    const activation = FUSED_ACTIVATIONS[attrs.activation ?? 'linear'];
    if (activation === undefined) return undefined;
    return runProduct(backend, a, b, bias, attrs.transposeA, attrs.transposeB, activation);
  },
);

export const matmulKernels: readonly CompiledKernel[] = [batchMatMul, fusedMatMul];

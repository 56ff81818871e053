import { activation } from './activation.ts';
import { add } from './add.ts';
import { affine } from './affine.ts';
import { averagePool } from './average-pool.ts';
import { concat } from './concat.ts';
import { conv2d } from './conv2d.ts';
import { dense } from './dense.ts';
import { depthwiseConv2d } from './depthwise-conv2d.ts';
import { dropout } from './dropout.ts';
import { flatten } from './flatten.ts';
import { globalAveragePool } from './global-average-pool.ts';
import { globalMaxPool } from './global-max-pool.ts';
import { groupedConv2d } from './grouped-conv2d.ts';
import type { LayerKind } from './layer-kind.ts';
import { leakyRelu } from './leaky-relu.ts';
import { matmul } from './matmul.ts';
import { maxPool } from './max-pool.ts';
import { multiply } from './multiply.ts';
import { pad } from './pad.ts';
import { prelu } from './prelu.ts';
import { reduce } from './reduce.ts';
import { reshape } from './reshape.ts';
import { slice } from './slice.ts';
import { softmax } from './softmax.ts';
import { transpose } from './transpose.ts';

const KINDS = [
  conv2d,
  depthwiseConv2d,
  groupedConv2d,
  maxPool,
  averagePool,
  flatten,
  dense,
  globalMaxPool,
  globalAveragePool,
  affine,
  add,
  multiply,
  concat,
  pad,
  activation,
  leakyRelu,
  prelu,
  reshape,
  transpose,
  slice,
  reduce,
  softmax,
  matmul,
  dropout,
] as const;

type LayerOf<Kind> = Kind extends LayerKind<infer L> ? L : never;

/** A layer of any kind. */
export type Layer = LayerOf<(typeof KINDS)[number]>;

/** All layer kinds. */
export const LAYER_KINDS: readonly LayerKind<Layer>[] = KINDS;

const byKind = new Map(LAYER_KINDS.map((one) => [one.kind, one]));

/** What a layer is. */
export function kindOf(layer: Layer): LayerKind<Layer> {
  const found = byKind.get(layer.kind);
  if (!found) throw new Error(`there is no layer kind ${layer.kind}`);
  return found;
}

/** A TensorFlow operator as it is met, and what several of them read. */
import type { Feature } from './network-builder.ts';
import { type Call, fail, viewAt } from './operators.ts';
import type { Attributes, Value } from './tensorflow-values.ts';
import { imageOf, shapeOf } from './view.ts';

export interface TensorflowCall extends Call<Value> {
  readonly attributes: Attributes;
}

/** Gives one value, or one for each of the node's outputs. */
export type TensorflowOperator = (call: TensorflowCall) => Value | readonly Value[];

/** The image that an input is, `[N, height, width, channels]`. */
export function imageAt(call: TensorflowCall, index = 0): Feature {
  const view = viewAt(call, index);
  if (call.attributes.string('data_format', 'NHWC') !== 'NHWC') fail(call, 'only NHWC');
  return imageOf(call.builder, view, [1, 2, 3]) ?? fail(call, `its input is [${shapeOf(view)}]`);
}

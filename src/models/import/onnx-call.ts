/** An ONNX operator as it is met, and what several of them read. */
import type { Constant } from './constants.ts';
import type { Feature } from './network-builder.ts';
import type { OnnxAttributes } from './onnx-attributes.ts';
import { type Call as BaseCall, fail, numbersAt, viewAt } from './operators.ts';
import { batchOf, imageOf, type Probabilities, shapeOf, type View, viewOf } from './view.ts';
import { permuted } from './view-operators.ts';

export type OnnxValue = Constant | View | Probabilities;

export interface OnnxCall extends BaseCall<OnnxValue> {
  readonly attributes: OnnxAttributes;
  /** The version of ONNX's own operators that the model was written for. */
  readonly opset: number;
  /** How many outputs the node has. */
  readonly outputs: number;
}

/** Gives one value, or one for each of the node's outputs. */
export type OnnxOperator = (call: OnnxCall) => OnnxValue | readonly OnnxValue[];

/** The image that an input is, which ONNX sees as `[N, channels, height, width]`. */
export function imageAt(call: OnnxCall, index = 0): Feature {
  const view = viewAt(call, index);
  return imageOf(call.builder, view, [2, 3, 1]) ?? fail(call, `its input is [${shapeOf(view)}]`);
}

/** An image as ONNX sees it. */
export function channelsFirst(call: OnnxCall, feature: Feature, like: View): View {
  return permuted(call, viewOf(feature, batchOf(like)), [0, 3, 1, 2]);
}

/** Numbers that newer operators take as an input and older ones as an attribute. */
export function listed(call: OnnxCall, index: number, name: string): number[] | undefined {
  return call.inputs[index] ? numbersAt(call, index) : call.attributes.integers(name);
}

/** TensorFlow's operators that move a window over an image: convolutions, pools and padding. */
import type { Padding } from '../layers/layer-kind.ts';
import type { Constant } from './constants.ts';
import * as layers from './layers.ts';
import type { Feature, NetworkBuilder } from './network-builder.ts';
import * as operators from './operators.ts';
import { imageAt, type TensorflowCall, type TensorflowOperator } from './tensorflow-call.ts';
import type { Spaced } from './tensorflow-values.ts';
import { batchOf, type View, viewOf } from './view.ts';

const { fail, kernelAt, numbersAt, viewAt } = operators;
type Call = TensorflowCall;

function pair(call: Call, values: readonly number[]): [number, number] {
  const [batch = 1, height = 1, width = 1, channels = 1] = values;
  if (batch !== 1 || channels !== 1 || !operators.arePositive([height, width]))
    fail(call, `sizes [${values}]`);
  return [height, width];
}

function padding(call: Call): Padding {
  const rule = call.attributes.string('padding', 'VALID');
  if (rule === 'SAME' || rule === 'VALID') return rule === 'SAME' ? 'same' : 'valid';
  const sizes = call.attributes.integers('explicit_paddings');
  if (rule !== 'EXPLICIT' || sizes.length !== 8) return fail(call, `padding ${rule}`);
  return explicitPadding(call, sizes);
}

function explicitPadding(call: Call, sizes: readonly number[]): Exclude<Padding, string> {
  const [, , top, bottom, left, right] = sizes;
  if (
    sizes.length !== 8 ||
    !operators.arePadding(sizes) ||
    sizes[0] + sizes[1] + sizes[6] + sizes[7] !== 0
  ) {
    fail(call, `padding [${sizes}]`);
  }
  return [
    [top, bottom],
    [left, right],
  ];
}

function window(call: Call): layers.Window {
  return {
    strides: pair(call, call.attributes.integers('strides')),
    dilations: pair(call, call.attributes.integers('dilations')),
    padding: padding(call),
  };
}

type Convolve = (
  builder: NetworkBuilder,
  input: Feature,
  kernel: Constant,
  window: layers.Window,
) => Feature;

function convolve(how: Convolve) {
  return (call: Call): View | Spaced => {
    const weights = kernelAt(call, 1);
    const { builder } = call;
    const own = window(call);
    const [input] = call.inputs;
    if (input?.kind !== 'spaced') {
      return viewOf(how(builder, imageAt(call), weights, own), batchOf(viewAt(call)));
    }
    const plain = own.padding === 'valid' && `${own.strides},${own.dilations}` === '1,1,1,1';
    if (!plain || input.convolve) fail(call, 'between blocks');
    return { ...input, convolve: (source, meant) => how(builder, source, weights, meant) };
  };
}

/** A convolution whose kernel has fewer channels than the image is one of groups. */
function anyConvolution(
  builder: NetworkBuilder,
  input: Feature,
  kernel: Constant,
  own: layers.Window,
): Feature {
  const groups = input.shape[2] / kernel.shape[2];
  return layers.convolution(builder, input, kernel, own, Number.isInteger(groups) ? groups : 1);
}

export const conv2d = convolve(anyConvolution);
export const depthwise = convolve(layers.depthwiseConvolution);

/** Four sizes `[top, bottom, left, right]` from a constant `[2, 2]`. */
function edges(call: Call, index: number): number[] {
  const sizes = numbersAt(call, index);
  return sizes.length === 4 && operators.arePadding(sizes) ? sizes : fail(call, `edges [${sizes}]`);
}

export function spaceToBatch(call: Call): Spaced {
  const [down, across, ...more] = numbersAt(call, 1);
  const sound = [down, across].every((n) => Number.isInteger(n) && n > 0 && n < 1e3);
  if (!sound || more.length > 0) fail(call, `blocks of [${numbersAt(call, 1)}]`);
  const block = [down, across] as const;
  const batch = batchOf(viewAt(call));
  return { kind: 'spaced', feature: imageAt(call), batch, block, padding: edges(call, 2) };
}

export function batchToSpace(call: Call): View {
  const [input] = call.inputs;
  if (input?.kind !== 'spaced' || !input.convolve) return fail(call, 'without a convolution');
  const { feature: source, block, convolve: run } = input;
  const crops = edges(call, 2);
  const left = input.padding.map((size, i) => size - crops[i]);
  if (`${numbersAt(call, 1)}` !== `${block}` || left.some((size) => size < 0)) {
    fail(call, `blocks of [${numbersAt(call, 1)}] cropped by [${crops}]`);
  }
  const meant: Padding = [
    [left[0], left[1]],
    [left[2], left[3]],
  ];
  const feature = run(source, { strides: [1, 1], dilations: block, padding: meant });
  return viewOf(feature, input.batch);
}

export function pool(kind: 'max-pool' | 'average-pool'): TensorflowOperator {
  return (call) => {
    const size = pair(call, call.attributes.integers('ksize'));
    const strides = pair(call, call.attributes.integers('strides'));
    const pad = padding(call);
    if (kind === 'average-pool' && typeof pad !== 'string') fail(call, 'explicit padding');
    const content = { kind, size, strides, padding: pad };
    return viewOf(call.builder.add(content, [imageAt(call)]), batchOf(viewAt(call)));
  };
}

export function pad(call: Call): View {
  if (call.inputs.length > 2 && numbersAt(call, 2)[0] !== 0)
    fail(call, 'with another value than 0');
  const sizes = explicitPadding(call, numbersAt(call, 1));
  const feature = call.builder.add({ kind: 'pad', padding: sizes }, [imageAt(call)]);
  return viewOf(feature, batchOf(viewAt(call)));
}

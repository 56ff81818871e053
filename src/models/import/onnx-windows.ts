/** ONNX's operators that move a window over an image: convolutions, pools and padding. */
import type { Padding } from '../layers/layer-kind.ts';
import { samePadding } from '../layers/shared/window.ts';
import { constant, transpose } from './constants.ts';
import { convolution, depthwiseConvolution } from './layers.ts';
import type { Feature } from './network-builder.ts';
import { channelsFirst, imageAt, listed, type OnnxCall, type OnnxOperator } from './onnx-call.ts';
import {
  arePadding,
  arePositive,
  constantAt,
  fail,
  kernelAt,
  numbersAt,
  viewAt,
} from './operators.ts';
import type { View } from './view.ts';
import { shifted } from './view-operators.ts';

function pair(call: OnnxCall, values: readonly number[]): [number, number] {
  if (values.length !== 2 || !arePositive(values)) fail(call, `sizes [${values}]`);
  return [values[0], values[1]];
}

/** `[top, left, bottom, right]`. */
function pads(call: OnnxCall): number[] {
  const sizes = call.attributes.integers('pads') ?? [0, 0, 0, 0];
  return sizes.length === 4 && arePadding(sizes) ? sizes : fail(call, `padding [${sizes}]`);
}

function padding(call: OnnxCall): Padding {
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

export function convolve(call: OnnxCall): View {
  const input = imageAt(call);
  const kernel = kernelAt(call, 1);
  const groups = call.attributes.integer('group', 1);
  const window = {
    strides: pair(call, call.attributes.integers('strides') ?? [1, 1]),
    dilations: pair(call, call.attributes.integers('dilations') ?? [1, 1]),
    padding: padding(call),
  };
  const [out, perGroup, height, width] = kernel.shape;
  const channels = input.shape[2];
  const { builder } = call;
  if (!Number.isInteger(groups) || perGroup * groups !== channels || out % groups !== 0) {
    fail(call, `${groups} groups of ${channels} channels`);
  }
  let result: Feature;
  if (perGroup === 1 && groups > 1) {
    const split = constant([channels, out / channels, height, width], kernel.values);
    result = depthwiseConvolution(builder, input, transpose(split, [2, 3, 0, 1]), window);
  } else {
    result = convolution(builder, input, transpose(kernel, [2, 3, 1, 0]), window, groups);
  }
  const view = channelsFirst(call, result, viewAt(call));
  if (call.inputs[2] === undefined) return view;
  const bias = constantAt(call, 2);
  return shifted(call, view, constant([bias.values.length, 1, 1], bias.values));
}

/** `ceil_mode` rounds the number of windows up; nothing changes where it is whole. */
function checkCeil(
  call: OnnxCall,
  input: Feature,
  size: number[],
  strides: number[],
  pad: Padding,
) {
  if (call.attributes.integer('ceil_mode', 0) === 0) return;
  if (pad === 'same') fail(call, 'with ceil_mode');
  const spare = [0, 1].map((axis) => {
    const edges = typeof pad === 'string' ? 0 : pad[axis][0] + pad[axis][1];
    return (input.shape[axis] + edges - size[axis]) % strides[axis];
  });
  if (spare[0] + spare[1] !== 0) fail(call, 'with ceil_mode');
}

export function pool(kind: 'max-pool' | 'average-pool'): OnnxOperator {
  return (call) => {
    const { attributes, builder } = call;
    let input = imageAt(call);
    const size = pair(call, attributes.integers('kernel_shape') ?? []);
    const strides = pair(call, attributes.integers('strides') ?? [1, 1]);
    const dilations = pair(call, attributes.integers('dilations') ?? [1, 1]);
    if (`${dilations}` !== '1,1') fail(call, 'dilated');
    let pad = padding(call);
    checkCeil(call, input, size, strides, pad);
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
    const pooled = builder.add({ kind, size, strides, padding: pad }, [input]);
    return channelsFirst(call, pooled, viewAt(call));
  };
}

export function pad(call: OnnxCall): View {
  const mode = call.attributes.string('mode', 'constant');
  const value = call.inputs[2] ? numbersAt(call, 2)[0] : call.attributes.float('value', 0);
  const sizes = listed(call, 1, 'pads') ?? [];
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
  return channelsFirst(call, call.builder.add(content, [imageAt(call)]), viewAt(call));
}

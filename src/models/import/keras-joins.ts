/** Keras layers and operators that join several features, or a feature and a number. */
import { type Build, isChannelAxis, type KerasCall, type Output } from './keras-call.ts';
import { affine } from './layers.ts';
import type { Feature, LayerContent } from './network-builder.ts';
import { fail } from './operators.ts';

export function concatenate(call: KerasCall): Feature {
  const axis = Number(call.config.axis ?? call.config.concat_axis ?? -1);
  if (!isChannelAxis(call, axis)) fail(call, `along the axis ${axis}`);
  return call.builder.add({ kind: 'concat' }, call.inputs);
}

export function average({ builder, inputs }: KerasCall): Feature {
  return affine(builder, builder.add({ kind: 'add' }, inputs), [1 / inputs.length], [0]);
}

/** Keras 1's layer for all kinds of joins. */
export function merge(call: KerasCall): Feature | Output {
  const kinds: Readonly<Record<string, Build>> = {
    sum: simple({ kind: 'add' }),
    mul: simple({ kind: 'multiply' }),
    concat: concatenate,
    ave: average,
  };
  const mode = `${call.config.mode}`;
  return Object.hasOwn(kinds, mode) ? kinds[mode](call) : fail(call, `in mode ${mode}`);
}

function simple(content: LayerContent): Build {
  return ({ builder, inputs }) => builder.add(content, inputs);
}

type Arithmetic = 'add' | 'subtract' | 'multiply' | 'divide';

/** Arithmetic between a feature and a number, or two features. */
export function arithmetic(kind: Arithmetic): Build {
  return (call) => {
    const { builder, operands } = call;
    const [a, b] = operands;
    const negative = (feature: Feature) => affine(builder, feature, [-1], [0]);
    if (operands.length === 2 && typeof a === 'object' && typeof b === 'number') {
      const scale = { add: 1, subtract: 1, multiply: b, divide: 1 / b }[kind];
      const offset = { add: b, subtract: -b, multiply: 0, divide: 0 }[kind];
      return affine(builder, a, [scale], [offset]);
    }
    if (operands.length === 2 && typeof a === 'number' && typeof b === 'object') {
      if (kind === 'add') return affine(builder, b, [1], [a]);
      if (kind === 'multiply') return affine(builder, b, [a], [0]);
      if (kind === 'subtract') return affine(builder, b, [-1], [a]);
      return fail(call, 'by the image');
    }
    if (kind === 'add') return builder.add({ kind: 'add' }, call.inputs);
    if (kind === 'multiply') return builder.add({ kind: 'multiply' }, call.inputs);
    if (kind === 'subtract' && call.inputs.length === 2) {
      return builder.add({ kind: 'add' }, [call.inputs[0], negative(call.inputs[1])]);
    }
    return fail(call, 'of these inputs');
  };
}

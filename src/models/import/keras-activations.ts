/** Keras' activations as layers of this program. */
import { NONLINEARITIES, type Nonlinearity } from '../layers/nonlinearities.ts';
import { affine } from './layers.ts';
import type { Feature, NetworkBuilder } from './network-builder.ts';

/** Slope of `leaky_relu` where it is named as an activation. */
const LEAKY_SLOPE = 0.2;

type Activate = (builder: NetworkBuilder, feature: Feature) => Feature;

function nonlinear(activation: Nonlinearity): Activate {
  return (builder, feature) => builder.add({ kind: 'activation', activation }, [feature]);
}

/** `x` times a gate that is made of it. */
function gated(gate: Activate): Activate {
  return (builder, x) => builder.add({ kind: 'multiply' }, [x, gate(builder, x)]);
}

/** `min(max(slope * x + offset, 0), 1)`, by way of ReLU6. */
function hardSigmoid(slope: number, offset: number): Activate {
  return (builder, x) => {
    const six = nonlinear('relu6')(builder, affine(builder, x, [6 * slope], [6 * offset]));
    return affine(builder, six, [1 / 6], [0]);
  };
}

/** `max(x, slope * x)`. */
export function leaky(slope: number): Activate {
  return (builder, feature) => builder.add({ kind: 'leaky-relu', slope }, [feature]);
}

export const relu = nonlinear('relu');

/** `min(max(x, 0), most)`. */
export function clippedRelu(most: number): Activate {
  if (most === 6) return nonlinear('relu6');
  return (builder, x) => {
    const six = nonlinear('relu6')(builder, affine(builder, x, [6 / most], [0]));
    return affine(builder, six, [most / 6], [0]);
  };
}

/** ELU with a scale of its negative part: `alpha * elu(x) + (1 - alpha) * relu(x)`. */
export function elu(alpha: number): Activate {
  if (alpha === 1) return nonlinear('elu');
  return (builder, x) => {
    const curved = affine(builder, nonlinear('elu')(builder, x), [alpha], [0]);
    const straight = affine(builder, relu(builder, x), [1 - alpha], [0]);
    return builder.add({ kind: 'add' }, [curved, straight]);
  };
}

/** ReLU with a slope for negative values that differs by channel: `relu(x) - slope * relu(-x)`. */
export function parametricRelu(slopes: ArrayLike<number>): Activate {
  return (builder, x) => {
    const right = relu(builder, x);
    const left = relu(builder, affine(builder, x, [-1], [0]));
    const scaled = affine(
      builder,
      left,
      Array.from(slopes, (slope) => -slope),
      [0],
    );
    return builder.add({ kind: 'add' }, [right, scaled]);
  };
}

const swish = gated(nonlinear('sigmoid'));

const OTHERS: ReadonlyMap<string, Activate> = new Map<string, Activate>([
  ['linear', (_, feature) => feature],
  ['swish', swish],
  ['silu', swish],
  ['mish', gated((builder, x) => nonlinear('tanh')(builder, nonlinear('softplus')(builder, x)))],
  ['leaky_relu', leaky(LEAKY_SLOPE)],
  ['hard_swish', gated(hardSigmoid(1 / 6, 0.5))],
  ['hard_silu', gated(hardSigmoid(1 / 6, 0.5))],
]);

/** Keras 3 changed the slope of this one. */
const HARD_SIGMOID = { before3: hardSigmoid(0.2, 0.5), since3: hardSigmoid(1 / 6, 0.5) };

/**
 * The activation with this name, or undefined.
 * @param version Keras' major version
 */
export function activationNamed(name: string, version: number): Activate | undefined {
  if (name === 'hard_sigmoid') return version < 3 ? HARD_SIGMOID.before3 : HARD_SIGMOID.since3;
  const same = NONLINEARITIES.find((one) => one === name);
  return same === undefined ? OTHERS.get(name) : nonlinear(same);
}

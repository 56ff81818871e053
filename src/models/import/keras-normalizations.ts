/** Keras layers that scale and shift each channel. */

import { number } from './json.ts';
import { inOrder, isChannelAxis, type KerasCall } from './keras-call.ts';
import { numberOrNumbers } from './keras-config.ts';
import { affine, batchNormalization } from './layers.ts';
import type { Feature } from './network-builder.ts';
import { fail } from './operators.ts';

export function batchNorm(call: KerasCall): Feature {
  const { builder, inputs, config } = call;
  const axis = Number(Array.isArray(config.axis) ? config.axis[0] : (config.axis ?? -1));
  if (!isChannelAxis(call, axis)) fail(call, `along the axis ${axis}`);
  if ((config.mode ?? 0) !== 0) fail(call, `in mode ${config.mode}`);
  const hasGamma = config.scale !== false;
  const hasBeta = config.center !== false;
  const stored = call.weights(
    ...(hasGamma ? ['gamma'] : []),
    ...(hasBeta ? ['beta'] : []),
    'moving_mean',
    'moving_variance',
  );
  const values = stored.map((weight) => inOrder(call, weight).values);
  return batchNormalization(builder, inputs[0], {
    gamma: hasGamma ? values[0] : undefined,
    beta: hasBeta ? values[Number(hasGamma)] : undefined,
    mean: values[values.length - 2],
    variance: values[values.length - 1],
    epsilon: number(config.epsilon ?? 1e-3, 'epsilon'),
  });
}

/** Least standard deviation that Keras' `Normalization` divides by. */
const LEAST_DEVIATION = 1e-7;

export function normalization(call: KerasCall): Feature {
  const { builder, inputs, config } = call;
  if (config.invert === true) fail(call, 'inverted');
  const isStated = config.mean != null && config.variance != null;
  const [mean, variance] = isStated
    ? [numberOrNumbers(config.mean, 'mean'), numberOrNumbers(config.variance, 'variance')]
    : call.weights('mean', 'variance', 'count').map(({ values }) => values);
  const scale = Array.from(variance, (one) => 1 / Math.max(Math.sqrt(one), LEAST_DEVIATION));
  const offset = Array.from(mean, (one, i) => -one * scale[i]);
  const channels = inputs[0].shape[inputs[0].shape.length - 1];
  if (scale.length !== 1 && scale.length !== channels) fail(call, `of ${scale.length} axes`);
  return affine(builder, inputs[0], scale, offset);
}

export function rescaling({ builder, inputs, config }: KerasCall): Feature {
  const scale = numberOrNumbers(config.scale, 'scale');
  return affine(builder, inputs[0], scale, numberOrNumbers(config.offset ?? 0, 'offset'));
}

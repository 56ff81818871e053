import { z } from 'zod';
import { type Network, NONLINEARITIES } from './network.ts';

const size = z.int().min(1).max(1_000_000);
const pair = z.tuple([size, size]);
const pad = z.int().min(0).max(10_000);
const explicitPadding = z.tuple([z.tuple([pad, pad]), z.tuple([pad, pad])]);
const padding = z.union([z.enum(['valid', 'same']), explicitPadding]);
const activation = z.enum(['linear', 'relu']);
const base = {
  /** Also the prefix of graph nodes, so what TensorFlow allows there, less the slash. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/),
  inputs: z.array(z.string()).min(1).exactOptional(),
};

const layer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('conv2d'),
    ...base,
    filters: size,
    kernel: pair,
    strides: pair,
    padding,
    dilations: pair,
    bias: z.boolean(),
    activation,
  }),
  z.strictObject({
    kind: z.literal('depthwise-conv2d'),
    ...base,
    multiplier: size,
    kernel: pair,
    strides: pair,
    padding,
    bias: z.boolean(),
    activation,
  }),
  z.strictObject({
    kind: z.enum(['max-pool', 'average-pool']),
    ...base,
    size: pair,
    strides: pair,
    padding,
  }),
  z.strictObject({ kind: z.literal('flatten'), ...base }),
  z.strictObject({ kind: z.literal('dense'), ...base, units: size, bias: z.boolean(), activation }),
  z.strictObject({
    kind: z.enum(['global-max-pool', 'global-average-pool', 'affine', 'add', 'multiply', 'concat']),
    ...base,
  }),
  z.strictObject({ kind: z.literal('pad'), ...base, padding: explicitPadding }),
  z.strictObject({ kind: z.literal('activation'), ...base, activation: z.enum(NONLINEARITIES) }),
  z.strictObject({ kind: z.literal('leaky-relu'), ...base, slope: z.number() }),
  z.strictObject({ kind: z.literal('dropout'), ...base, rate: z.number().min(0).lt(1) }),
]);

/** What a network read from outside must look like. Shapes are checked by `placeLayers`. */
export const networkSchema = z.strictObject({
  architecture: z.string().min(1).max(200),
  inputShape: z.tuple([size, size, size]),
  classes: z.int().min(2).max(100_000),
  layers: z.array(layer).min(1).max(10_000),
}) satisfies z.ZodType<Network>;

import { z } from 'zod';
import { fieldSchemas } from './layers/field-schemas.ts';
import { LAYER_KINDS, type Layer } from './layers/registry.ts';
import type { Network } from './network.ts';

const { size } = fieldSchemas;

const base = {
  /** Also the prefix of graph nodes, so what TensorFlow allows there, less the slash. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$/),
  inputs: z.array(z.string()).min(1).exactOptional(),
};

const [first, ...others] = LAYER_KINDS.map((one) =>
  z.strictObject({ kind: z.literal(one.kind), ...base, ...one.fields(fieldSchemas) }),
);
/** Each kind's own fields have the schemas that `LayerKind` demands, so together they are a layer. */
const layer = z.discriminatedUnion('kind', [first, ...others]) as unknown as z.ZodType<Layer>;

/** What a network read from outside must look like. Shapes are checked by `inferShapes`. */
export const networkSchema = z.strictObject({
  architecture: z.string().min(1).max(200),
  inputShape: z.tuple([size, size, size]),
  classes: z.int().min(2).max(100_000),
  outlierClass: z.literal(true).optional(),
  layers: z.array(layer).min(1).max(10_000),
}) satisfies z.ZodType<Network>;

import { z } from 'zod';
import { NONLINEARITIES } from './nonlinearities.ts';
import { REDUCTIONS } from './reductions.ts';

const size = z.int().min(1).max(1_000_000);
/** TensorFlow.js has no more axes than six, the batch's among them. */
const MAX_RANK = 5;
const pad = z.int().min(0).max(10_000);
const explicitPadding = z.tuple([z.tuple([pad, pad]), z.tuple([pad, pad])]);

/**
 * What the fields of a layer may hold when a network is read from a file. Handed to the layer kinds
 * rather than imported by them, so that a browser loads no schema library.
 */
export const fieldSchemas = {
  size,
  /** A shape without the batch axis. */
  sizes: z.array(size).min(1).max(MAX_RANK),
  /** The position of an axis, or a position on one. */
  axis: z.int().min(0).max(1_000_000),
  axes: z.array(z.int().min(0).max(MAX_RANK)).min(1).max(MAX_RANK),
  pair: z.tuple([size, size]),
  padding: z.union([z.enum(['valid', 'same']), explicitPadding]),
  explicitPadding,
  boolean: z.boolean(),
  number: z.number(),
  activation: z.enum(['linear', 'relu']),
  nonlinearity: z.enum(NONLINEARITIES),
  reduction: z.enum(REDUCTIONS),
  /** A share in [0, 1). */
  share: z.number().min(0).lt(1),
} as const;

export type FieldSchemas = typeof fieldSchemas;

import { z } from 'zod';
import { NONLINEARITIES } from './nonlinearities.ts';

const size = z.int().min(1).max(1_000_000);
const pad = z.int().min(0).max(10_000);
const explicitPadding = z.tuple([z.tuple([pad, pad]), z.tuple([pad, pad])]);

/**
 * What the fields of a layer may hold when a network is read from a file. Handed to the layer kinds
 * rather than imported by them, so that a browser loads no schema library.
 */
export const fieldSchemas = {
  size,
  pair: z.tuple([size, size]),
  padding: z.union([z.enum(['valid', 'same']), explicitPadding]),
  explicitPadding,
  boolean: z.boolean(),
  number: z.number(),
  activation: z.enum(['linear', 'relu']),
  nonlinearity: z.enum(NONLINEARITIES),
  /** A share in [0, 1). */
  share: z.number().min(0).lt(1),
} as const;

export type FieldSchemas = typeof fieldSchemas;

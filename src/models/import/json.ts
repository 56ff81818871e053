/** Careful reading of JSON whose shape is not to be trusted. */
import { damaged } from './errors.ts';

export type JsonObject = { readonly [key: string]: unknown };

export function object(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw damaged(`${what} is no object`);
  }
  return value as JsonObject;
}

export function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw damaged(`${what} is no list`);
  return value;
}

export function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw damaged(`${what} is no text`);
  return value;
}

export function number(value: unknown, what: string): number {
  if (typeof value !== 'number') throw damaged(`${what} is no number`);
  return value;
}

export function numbers(value: unknown, what: string): number[] {
  return list(value, what).map((one) => number(one, what));
}

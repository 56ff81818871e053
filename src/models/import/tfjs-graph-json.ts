/** A TensorFlow graph in JSON, as the converters of several years wrote it. */
import type { JsonValue } from '@bufbuild/protobuf';
import { damaged } from './errors.ts';

/** TensorFlow's `DataType` names as numbers, because the messages here hold numbers. */
const DTYPES: ReadonlyMap<string, number> = new Map([
  ['DT_FLOAT', 1],
  ['DT_DOUBLE', 2],
  ['DT_INT32', 3],
  ['DT_UINT8', 4],
  ['DT_INT16', 5],
  ['DT_INT8', 6],
  ['DT_STRING', 7],
  ['DT_COMPLEX64', 8],
  ['DT_INT64', 9],
  ['DT_BOOL', 10],
  ['DT_BFLOAT16', 14],
  ['DT_UINT16', 17],
  ['DT_HALF', 19],
  ['DT_RESOURCE', 20],
  ['DT_VARIANT', 21],
]);

/** Fields of bytes, which old converters wrote as lists of numbers. */
const BYTES = new Set(['s', 'tensorContent', 'stringVal']);
/** Nodes hold attributes, attributes hold tensors, tensors hold shapes: graphs are not deeper. */
const MAX_DEPTH = 32;

/**
 * The graph as protobuf's own JSON: types as numbers, bytes in base64.
 * @throws ImportError when it is nested deeper than a graph is
 */
export function graphJson(value: unknown, key = '', depth = 0): JsonValue {
  if (depth > MAX_DEPTH) throw damaged('the graph is nested deeper than a graph can be');
  if (typeof value === 'string') return DTYPES.get(value) ?? value;
  if (Array.isArray(value)) {
    const isBytes =
      BYTES.has(key) && value.length > 0 && value.every((one) => typeof one === 'number');
    if (isBytes) return Buffer.from(value).toString('base64');
    return value.map((one) => graphJson(one, key, depth + 1));
  }
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, graphJson(one, name, depth + 1)]),
  );
}

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

/** A message of the graph takes far more memory than its JSON. */
const MAX_VALUES = 2_000_000;

/**
 * The graph as protobuf's own JSON: types as numbers, bytes in base64.
 * @throws ImportError when it is nested deeper, or has more parts, than a graph
 */
export function graphJson(topology: unknown): JsonValue {
  let values = 0;
  const converted = (value: unknown, key: string, depth: number): JsonValue => {
    if (depth > MAX_DEPTH) throw damaged('the graph is nested deeper than a graph can be');
    if (++values > MAX_VALUES) throw damaged(`the graph has more than ${MAX_VALUES} parts`);
    if (typeof value === 'string') return DTYPES.get(value) ?? value;
    if (Array.isArray(value)) {
      const isText = value.length > 0 && value.every((one) => typeof one === 'number');
      if (isText && BYTES.has(key)) return Buffer.from(value).toString('base64');
      return value.map((one) => converted(one, key, depth + 1));
    }
    if (typeof value !== 'object' || value === null) return value as JsonValue;
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([name, one]) => [name, converted(one, name, depth + 1)]),
    );
  };
  return converted(topology, '', 0);
}

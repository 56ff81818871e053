/** TensorFlow's `DataType` numbers, as far as this program meets them. */
export const DataType = {
  float: 1,
  double: 2,
  int32: 3,
  string: 7,
  int64: 9,
  bool: 10,
  half: 19,
  resource: 20,
} as const;

const NAMES = new Map<number, string>(
  Object.entries(DataType).map(([name, value]) => [value, name]),
);

/** A dtype's name for messages: `float`, `int64`, or `dtype 14` where it has none here. */
export function dtypeName(dtype: number): string {
  return NAMES.get(dtype) ?? `dtype ${dtype}`;
}

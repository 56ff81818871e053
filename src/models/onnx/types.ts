/** ONNX's tensor element types, as far as this program meets them. */
export const OnnxType = {
  float: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  double: 11,
} as const;

/** ONNX's attribute kinds. */
export const AttributeKind = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  floats: 6,
  ints: 7,
} as const;

/**
 * Op numbers, mirrored from `native/src/kernels.h`; `test/native/binding.test.ts` holds the two
 * together.
 */
export const Activation = { linear: 0, relu: 1, relu6: 2 } as const;

export const BinaryOp = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  maximum: 4,
  minimum: 5,
  squaredDifference: 6,
  pow: 7,
  reluGrad: 8,
} as const;

export const CompareOp = {
  equal: 0,
  notEqual: 1,
  less: 2,
  lessEqual: 3,
  greater: 4,
  greaterEqual: 5,
} as const;

export const UnaryOp = {
  identity: 0,
  neg: 1,
  abs: 2,
  sign: 3,
  square: 4,
  sqrt: 5,
  rsqrt: 6,
  exp: 7,
  log: 8,
  reluUnary: 9,
  leakyRelu: 10,
  clip: 11,
  tanh: 12,
  sigmoid: 13,
  reciprocal: 14,
  step: 15,
  log1p: 16,
  expm1: 17,
  softplus: 18,
  elu: 19,
} as const;

export const ReduceOp = { sum: 0, mean: 1, max: 2, min: 3, prod: 4 } as const;

export const ArgReduceOp = { argmax: 0, argmin: 1 } as const;

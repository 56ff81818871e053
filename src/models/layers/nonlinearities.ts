export const NONLINEARITIES = [
  'relu',
  'relu6',
  'elu',
  'selu',
  'sigmoid',
  'tanh',
  'softplus',
  'erf',
  'exp',
  'sqrt',
  'reciprocal',
] as const;
export type Nonlinearity = (typeof NONLINEARITIES)[number];

/** The last four are steps: their gradient is zero wherever there is one. */
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
  'round',
  'floor',
  'ceil',
  'sign',
] as const;
export type Nonlinearity = (typeof NONLINEARITIES)[number];

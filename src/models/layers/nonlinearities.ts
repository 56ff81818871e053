export const NONLINEARITIES = [
  'relu',
  'relu6',
  'elu',
  'selu',
  'sigmoid',
  'tanh',
  'softplus',
] as const;
export type Nonlinearity = (typeof NONLINEARITIES)[number];

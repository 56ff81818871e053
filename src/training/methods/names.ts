/** Names of the methods, the default of each kind of training first; nothing heavy is imported here. */
export const ADVERSARIAL_METHODS = ['pgd', 'trades', 'mart'] as const;
export const DISTILLATION_METHODS = ['ard', 'rslad', 'iad', 'adaad'] as const;
export type MethodName =
  | (typeof ADVERSARIAL_METHODS)[number]
  | (typeof DISTILLATION_METHODS)[number];

/** How `reduce` makes one number of many. */
export const REDUCTIONS = ['mean', 'max'] as const;
export type Reduction = (typeof REDUCTIONS)[number];

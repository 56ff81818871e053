/** The points of which no other is better in one goal and as good in all others. */

/**
 * @param values by point, one for each goal; larger is better, undefined where there is none
 * @returns indices of the points on the front, in order
 */
export function paretoFront(values: readonly (readonly number[] | undefined)[]): number[] {
  const dominates = (a: readonly number[], b: readonly number[]) =>
    a.every((value, goal) => value >= b[goal]) && a.some((value, goal) => value > b[goal]);
  return values.flatMap((own, i) =>
    own !== undefined && !values.some((other) => other && dominates(other, own)) ? [i] : [],
  );
}

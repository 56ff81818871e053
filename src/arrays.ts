/**
 * Batches and vectors as plain arrays. A batch is `[count, features]`, row after row; finished
 * examples leave it by being left out of the next `gather`.
 */

/** Row `index` of a batch: a view, not a copy. */
export function row(batch: Float32Array, index: number, features: number): Float32Array {
  return batch.subarray(index * features, (index + 1) * features);
}

/** A batch of the rows at `indices`, copied. */
export function gather(
  batch: Float32Array,
  indices: readonly number[],
  features: number,
): Float32Array {
  const out = new Float32Array(indices.length * features);
  indices.forEach((index, i) => {
    out.set(row(batch, index, features), i * features);
  });
  return out;
}

/** The numbers 0 … count - 1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Index of the largest value, the first where several are equal. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** Index of the largest value other than at `excluded`. */
export function argmaxExcept(values: ArrayLike<number>, excluded: number): number {
  let best = excluded === 0 ? 1 : 0;
  for (let i = best + 1; i < values.length; i++) {
    if (i !== excluded && values[i] > values[best]) best = i;
  }
  return best;
}

/** Indices in descending order of value; equal values keep their order. */
export function ranking(values: ArrayLike<number>): number[] {
  return range(values.length).sort((a, b) => values[b] - values[a] || a - b);
}

/** Up to so many, inserting one by one is faster than sorting all. */
const FEW = 8;

/** Indices of the `count` largest values (all, where there are fewer), in order; equal ones by position. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  if (count > FEW) return ranking(values).slice(0, count);
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) {
    let at = Math.min(found.length, count);
    while (at > 0 && values[found[at - 1]] < values[i]) at--;
    if (at === count) continue;
    found.splice(at, 0, i);
    if (found.length > count) found.pop();
  }
  return found;
}

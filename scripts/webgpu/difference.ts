/** How far values of this engine are from a reference's. */
export interface Difference {
  readonly what: string;
  /** The largest one, as a share of the largest entry of the reference; NaN where their number differs. */
  readonly share: number;
}

export function difference(
  what: string,
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
): Difference {
  let [largest, off] = [0, found.length === wanted.length ? 0 : Number.NaN];
  for (let i = 0; i < wanted.length; i++) {
    largest = Math.max(largest, Math.abs(wanted[i]));
    off = Math.max(off, Math.abs(found[i] - wanted[i]));
  }
  return { what, share: off / largest };
}

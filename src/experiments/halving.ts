/**
 * Successive halving: at some epochs, called rungs, the trainings that do best go on and the others
 * end (Jamieson and Talwalkar 2016; Li et al. 2018, Hyperband). Rungs are synchronous: one is judged
 * when every candidate has come to it, so that what goes on depends on no order and no clock.
 */

/** When trainings are ended early, as wandb's `early_terminate` has it. */
export interface EarlyTermination {
  /** One in `eta` goes on. */
  readonly eta: number;
  /** The first rung, in epochs; the others are `eta` times as far each. */
  readonly minIter?: number;
  /** Instead of `minIter`: `brackets` rungs, each a share `eta` of the one after it, below this epoch. */
  readonly maxIter?: number;
  readonly brackets?: number;
}

/** The rungs of trainings of so many epochs, ascending; each leaves at least one epoch to train. */
export function rungsOf(
  { eta, minIter, maxIter, brackets = 1 }: EarlyTermination,
  epochs: number,
): readonly number[] {
  const rungs = new Set<number>();
  if (minIter !== undefined) {
    for (let at = minIter; at < epochs; at *= eta) rungs.add(Math.floor(at));
  } else {
    let at = maxIter ?? epochs;
    for (let i = 0; i < brackets; i++) rungs.add(Math.floor((at /= eta)));
  }
  return [...rungs].filter((at) => at >= 1 && at < epochs).sort((a, b) => a - b);
}

/** How many of so many candidates go on: one in `eta`, and at least one. */
export const survivorCount = (candidates: number, eta: number): number =>
  Math.max(1, Math.floor(candidates / eta));

export interface Halving<Candidate> {
  readonly candidates: readonly Candidate[];
  /** Ascending. */
  readonly rungs: readonly number[];
  readonly eta: number;
  /** What a candidate came to at a rung: the larger, the better. */
  valueAt(candidate: Candidate, rung: number): Promise<number>;
  /** Called for each candidate that ends at a rung. */
  onStop?(candidate: Candidate, rung: number): Promise<void>;
}

/**
 * The candidates that pass every rung, in the order given. Of equal values the earlier candidate goes
 * on; a value that is not a number goes on last.
 */
export async function successiveHalving<Candidate>({
  candidates,
  rungs,
  eta,
  valueAt,
  onStop,
}: Halving<Candidate>): Promise<readonly Candidate[]> {
  let alive = candidates;
  for (const rung of rungs) {
    if (alive.length <= 1) break;
    const values = await Promise.all(alive.map((candidate) => valueAt(candidate, rung)));
    const rankedValues = values.map((value) =>
      Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value,
    );
    const ranked = alive
      .map((_, i) => i)
      .sort((a, b) =>
        rankedValues[a] === rankedValues[b] ? a - b : rankedValues[b] - rankedValues[a],
      );
    const kept = new Set(ranked.slice(0, survivorCount(alive.length, eta)));
    await Promise.all(alive.filter((_, i) => !kept.has(i)).map((one) => onStop?.(one, rung)));
    alive = alive.filter((_, i) => kept.has(i));
  }
  return alive;
}

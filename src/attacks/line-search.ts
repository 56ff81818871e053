import { gather, row } from '../arrays.ts';
import type { Closest } from './closest.ts';
import { reachesGoal, targetsAt } from './goals.ts';
import type { Oracle } from './oracle.ts';
import type { ClassTargets } from './types.ts';

/** Halvings of the last part of the way: one forward pass each. */
export const LINE_SEARCH_PASSES = 10;

/**
 * Moves the nearest points found back along the straight way from their originals, by bisection, and
 * offers every point that still reaches the goal.
 * @param from share of the way below which the goal is taken not to be reached
 */
export async function searchLines(
  oracle: Oracle,
  classTargets: ClassTargets,
  closest: Closest,
  from: number,
): Promise<void> {
  const { features } = oracle;
  const found = Array.from(closest.distances.keys()).filter(
    (example) => closest.found(example) && closest.distances[example] > 0,
  );
  const judged = targetsAt(classTargets, found);
  const ends = gather(closest.images, found, features);
  const low = found.map(() => from);
  const high = found.map(() => 1);
  for (let halving = 0; halving < LINE_SEARCH_PASSES; halving++) {
    const tries = new Float32Array(ends.length);
    found.forEach((example, i) => {
      const share = (low[i] + high[i]) / 2;
      const original = closest.original(example);
      for (let p = 0; p < features; p++) {
        const end = ends[i * features + p];
        tries[i * features + p] = original[p] + share * (end - original[p]);
      }
    });
    const logits = await oracle.logits(tries);
    found.forEach((example, i) => {
      const share = (low[i] + high[i]) / 2;
      if (reachesGoal(logits, judged, i)) {
        high[i] = share;
        closest.offer(example, row(tries, i, features));
      } else low[i] = share;
    });
  }
}

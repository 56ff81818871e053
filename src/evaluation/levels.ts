/**
 * Adversarial examples whose pixels have as many levels as those of an image file: 256 for 8 bits. A
 * file rounds every pixel, and a point found in float32 can lose by that what made it adversarial.
 */
import { gather, range, row } from '../arrays.ts';
import { type AttackBatch, isWithin, type Threat } from '../attacks/index.ts';
import { UserError } from '../errors.ts';

/** How far along its perturbation a point is rounded: as it is, then beyond. */
const FACTORS = [1, 1.02, 1.05, 1.1, 1.2, 1.5];
/** A float32 is the level that it is so near to, in steps between levels. */
const SAME_LEVEL = 1e-3;

/**
 * @throws UserError `bad-plan` for levels that are no integer from 2 to 65536
 */
export function checkLevels(levels: number | undefined): void {
  if (levels === undefined) return;
  if (Number.isInteger(levels) && levels >= 2 && levels <= 65536) return;
  throw new UserError('bad-plan', `a pixel has 2 to 65536 levels, not ${levels}`);
}

/** The level next to `value` on the side of `toward`; the one that `value` is, if it is one. */
function levelToward(value: number, toward: number, last: number): number {
  const steps = value * last;
  const nearest = Math.round(steps);
  if (Math.abs(steps - nearest) < SAME_LEVEL) return nearest / last;
  return (toward < value ? Math.floor(steps) : Math.ceil(steps)) / last;
}

/**
 * The level nearest to a point of the way from `original` through `value`, `factor` times as far; in
 * Linf the next one inward where that leaves the budget. A pixel that was not changed stays.
 */
function levelAlong(
  { norm, eps }: Threat,
  factor: number,
  [original, value]: readonly [number, number],
  last: number,
): number {
  if (value === original) return original;
  const moved = Math.min(1, Math.max(0, original + factor * (value - original)));
  const level = Math.round(moved * last) / last;
  const isOut = norm === 'Linf' && Math.abs(level - original) > eps + SAME_LEVEL / last;
  return isOut ? levelToward(value, original, last) : level;
}

/**
 * The threat for an attack whose points will be rounded: in Linf with the largest budget that is a
 * whole number of levels, so that the surface of the ball is on levels.
 */
export function threatOnLevels({ norm, eps }: Threat, levels: number): Threat {
  if (norm !== 'Linf' || !Number.isFinite(eps)) return { norm, eps };
  const last = levels - 1;
  return { norm, eps: Math.floor(eps * last + SAME_LEVEL) / last };
}

/**
 * Candidates `[N, H, W, C]` with their pixels on the levels 0, 1 / (levels - 1), …, 1: on the nearest
 * ones; where that leaves the budget or the goal is not reached, on those a little further along the
 * perturbation. What reaches its goal in none of these ways comes back rounded toward the original,
 * within the budget. Pixels that the attack did not change stay as they are.
 * @param reaches which of some points, of the examples at `rows`, reach their goal
 */
export async function roundToLevels(
  threat: Threat,
  { images, labels }: Pick<AttackBatch, 'images' | 'labels'>,
  candidates: Float32Array,
  levels: number,
  reaches: (points: Float32Array, rows: readonly number[]) => Promise<readonly boolean[]>,
): Promise<Float32Array> {
  const last = levels - 1;
  const features = candidates.length / labels.length;
  const rounded = candidates.map((value, at) =>
    value === images[at] ? value : levelToward(value, images[at], last),
  );
  let open = range(labels.length);
  for (const factor of FACTORS) {
    const points = candidates.map((value, at) =>
      levelAlong(threat, factor, [images[at], value], last),
    );
    const legal = open.filter((example) =>
      isWithin(threat, row(images, example, features), row(points, example, features)),
    );
    const reached = await reaches(gather(points, legal, features), legal);
    const done = new Set(legal.filter((_, i) => reached[i]));
    for (const example of done) {
      row(rounded, example, features).set(row(points, example, features));
    }
    open = open.filter((example) => !done.has(example));
    if (open.length === 0) break;
  }
  return rounded;
}

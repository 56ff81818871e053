/** Attacks toward chosen classes: which rows they have, and how well targets were reached. */
import type { Dataset } from '../data/index.ts';
import { UserError } from '../errors.ts';
import { wilson } from '../statistics.ts';
import { type Rate, rateOf } from './accuracy.ts';
import type { AttackRecord, Target } from './records.ts';

/** What an attack is run on: a position in the data set for each row, and the class it aims at. */
export interface Rows {
  readonly positions: number[];
  readonly targets?: number[];
}

/**
 * The rows of the first `samples` images: each image once, those of other classes than the target,
 * or each image with every wrong class in turn.
 * @throws UserError `bad-flag` when there is no such class, or no image of another one
 */
export function rowsOf(
  { count, labels, classes }: Dataset,
  samples: number,
  target: Target | undefined,
): Rows {
  const first = Array.from({ length: Math.min(samples, count) }, (_, i) => i);
  if (target === undefined) return { positions: first };
  if (target === 'every') {
    const others = (label: number) =>
      Array.from({ length: classes }, (_, c) => c).toSpliced(label, 1);
    return {
      positions: first.flatMap((i) => new Array<number>(classes - 1).fill(i)),
      targets: first.flatMap((i) => others(labels[i])),
    };
  }
  if (target >= classes) {
    throw new UserError('bad-flag', `there is no class ${target} to aim at`, {
      hint: `a target is a class from 0 to ${classes - 1}, or every`,
    });
  }
  const positions = first.filter((i) => labels[i] !== target);
  if (positions.length === 0) {
    throw new UserError('bad-flag', `every image to attack is of class ${target} already`, {
      hint: 'aim at another class, or attack more images',
    });
  }
  return { positions, targets: positions.map(() => target) };
}

/** The rows of each image, together. */
function byImage({ positions }: AttackRecord): number[][] {
  const images = new Map<number, number[]>();
  positions.forEach((position, row) => {
    const rows = images.get(position);
    if (rows) rows.push(row);
    else images.set(position, [row]);
  });
  return [...images.values()];
}

/** Of an attack toward every wrong class: per image, its easiest target, all, and its hardest. */
export interface TargetSpread<T> {
  readonly best: T;
  readonly average: T;
  readonly worst: T;
}

/**
 * How often targets were reached. Rows of one image are not independent, so the interval of the
 * average is that of as many images: never too short.
 */
export function targetRates(attack: AttackRecord): TargetSpread<Rate> {
  const images = byImage(attack).map((rows) => rows.map((row) => attack.success[row]));
  const total = images.length;
  const hits = attack.success.filter(Boolean).length;
  const rate = attack.success.length === 0 ? 0 : hits / attack.success.length;
  const { low } = wilson(Math.floor(rate * total), total);
  const { high } = wilson(Math.ceil(rate * total), total);
  return {
    best: rateOf(images.filter((won) => won.some(Boolean)).length, total),
    average: { hits, total: attack.success.length, rate, low, high },
    worst: rateOf(images.filter((won) => won.every(Boolean)).length, total),
  };
}

/** By image whose targets were all reached: the distance to its nearest class, the mean, the farthest. */
export function targetDistanceSamples(attack: AttackRecord): TargetSpread<number[]> {
  const reached = byImage(attack)
    .filter((rows) => rows.every((row) => attack.success[row]))
    .map((rows) => rows.map((row) => attack.distance[row]));
  return {
    best: reached.map((each) => Math.min(...each)),
    average: reached.map(meanOf),
    worst: reached.map((each) => Math.max(...each)),
  };
}

const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Mean distances over the images whose targets were all reached; undefined where there are none. */
export function targetDistances(
  attack: AttackRecord,
): (TargetSpread<number> & { readonly images: number }) | undefined {
  const { best, average, worst } = targetDistanceSamples(attack);
  if (best.length === 0) return undefined;
  return {
    best: meanOf(best),
    average: meanOf(average),
    worst: meanOf(worst),
    images: best.length,
  };
}

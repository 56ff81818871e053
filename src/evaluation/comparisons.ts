/** Two attacks on the same images of one model: is one stronger, by more than chance? */
import type { Threat } from '../attacks/index.ts';
import { mcnemar } from '../statistics.ts';
import { isFixedBudget } from './names.ts';
import type { AttackRecord } from './records.ts';

/** A difference of rates below this is not worth a word, whatever its p-value. */
const LEAST_DIFFERENCE = 0.01;
const SIGNIFICANT = 0.05;

/** For each attacked image, by its index in `data.indices`, whether an attack won on it. */
export type Wins = ReadonlyMap<number, boolean>;

/** Where some attacks won: on an image that all of them visited, whether any of their rows did. */
export function winsOf(
  attacks: readonly AttackRecord[],
  counts: (attack: AttackRecord, row: number) => boolean = ({ success }, row) => success[row],
): Wins {
  const each = attacks.map((attack) => {
    const wins = new Map<number, boolean>();
    attack.positions.forEach((position, row) => {
      wins.set(position, (wins.get(position) ?? false) || counts(attack, row));
    });
    return wins;
  });
  const [first, ...others] = each;
  const shared = [...(first?.keys() ?? [])].filter((image) =>
    others.every((own) => own.has(image)),
  );
  return new Map(shared.map((image) => [image, each.some((own) => own.get(image))]));
}

/** Where attacks won within a budget of theirs, or found a perturbation that is small enough. */
export const winsWithin = (attacks: readonly AttackRecord[], { norm, eps }: Threat): Wins =>
  winsOf(
    attacks.filter((attack) => attack.norm === norm),
    (attack, row) =>
      attack.success[row] &&
      ((isFixedBudget(attack) && attack.eps <= eps) || attack.distance[row] <= eps),
  );

/** By how much `first` wins more often than `second` on the images of both, in [-1, 1]. */
export function gapOfWins(first: Wins, second: Wins): { difference: number; p: number } {
  const shared = [...first].filter(([image]) => second.has(image));
  const onlyFirst = shared.filter(([image, won]) => won && !second.get(image)).length;
  const onlySecond = shared.filter(([image, won]) => !won && second.get(image)).length;
  return {
    difference: shared.length === 0 ? 0 : (onlyFirst - onlySecond) / shared.length,
    p: mcnemar(onlyFirst, onlySecond),
  };
}

/** By how much `first` wins more often, if that is neither small nor chance; else 0. */
export function significantGap(first: Wins, second: Wins): number {
  const { difference, p } = gapOfWins(first, second);
  return difference >= LEAST_DIFFERENCE && p < SIGNIFICANT ? difference : 0;
}

/** The same attack, with the same kind of budget and at least as much of everything, and more of something. */
export function isStronger(strong: AttackRecord, weak: AttackRecord): boolean {
  const isSame =
    strong.attack === weak.attack &&
    strong.norm === weak.norm &&
    strong.loss === weak.loss &&
    strong.budget === weak.budget;
  if (!isSame) return false;
  const amounts = ({ eps, options }: AttackRecord) => [
    eps ?? 0,
    options.steps ?? 0,
    options.restarts ?? 0,
    options.queries ?? 0,
  ];
  const [more, less] = [amounts(strong), amounts(weak)];
  return more.every((amount, i) => amount >= less[i]) && more.some((amount, i) => amount > less[i]);
}

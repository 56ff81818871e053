/**
 * The functions that attacks maximize, as pure functions of one row of logits.
 *
 * Each gives its value and its gradient with respect to the logits; the oracle carries that
 * gradient back to the image. They are written out by hand, and round to float32 where a
 * framework's kernels would, because that rounding is what this program studies: on a distilled
 * model it decides which loss still has a gradient.
 */
import { UserError } from '../../errors.ts';
import { dlr } from './dlr.ts';
import { logits } from './logits.ts';
import type { Loss } from './loss.ts';
import { margin } from './margin.ts';
import { softmax } from './softmax.ts';
import { temperature } from './temperature.ts';

/** Every loss, in the order in which help, tables and charts list them: the naive one first. */
const ALL = [softmax, logits, temperature, margin, dlr] as const;

export type LossName = (typeof ALL)[number]['name'];
export const LOSSES: readonly LossName[] = ALL.map(({ name }) => name);

/** The built-in losses and those that were registered. */
const BY_NAME = new Map<string, Loss>(ALL.map((loss) => [loss.name, loss]));

/** Whether a loss has this name. */
export const isLossName = (name: unknown): name is LossName =>
  typeof name === 'string' && BY_NAME.has(name);

/**
 * Makes a loss of your own known in this process: attacks that take every loss take it too. Returns
 * its name as attacks want it. The same loss may be registered again.
 *
 * @throws UserError `name-taken` when another loss has the name
 */
export function registerLoss(loss: Loss): LossName {
  const { name } = loss;
  const other = BY_NAME.get(name);
  if (other !== undefined && other !== loss) {
    throw new UserError('name-taken', `there is a loss named '${name}' already`, {
      hint: 'give yours another name',
    });
  }
  BY_NAME.set(name, loss);
  if (isLossName(name)) return name;
  throw new Error(`the loss ${name} was not registered`);
}

/** Whether an attack that lists `losses` takes this one: one that takes all takes registered ones. */
export const takesLoss = (losses: readonly LossName[], loss: LossName): boolean =>
  losses.includes(loss) || (BY_NAME.has(loss) && LOSSES.every((name) => losses.includes(name)));

/**
 * The loss of that name.
 * @throws UserError `unknown-loss`
 */
export function lossNamed(name: LossName): Loss {
  const loss = BY_NAME.get(name);
  if (loss) return loss;
  throw new UserError('unknown-loss', `there is no loss named '${name}'`, {
    hint: `choose one of ${LOSSES.join(', ')}`,
  });
}

/** For attacks that maximize any loss: all of them, the attack's default first. */
export function anyLoss(first: LossName): readonly LossName[] {
  return [first, ...LOSSES.filter((name) => name !== first)];
}

/** Those of `losses` that are defined for so many classes. */
export const lossesFor = <L extends LossName>(
  classes: number,
  losses: readonly L[],
  isTargeted = false,
): readonly L[] => losses.filter((name) => lossNamed(name).minClasses(isTargeted) <= classes);

/**
 * The loss of that name for rows of logits `[classes]`.
 * @throws UserError `unknown-loss`, or `too-few-classes` for `dlr` below three classes (four with a
 *   target)
 */
export function lossFor(name: LossName, classes: number, isTargeted: boolean): Loss['at'] {
  const loss = lossNamed(name);
  const needed = loss.minClasses(isTargeted);
  if (classes >= needed) return loss.at.bind(loss);
  const form = isTargeted ? 'targeted ' : '';
  throw new UserError(
    'too-few-classes',
    `the ${form}${name} loss needs at least ${needed} classes, this model has ${classes}`,
    { hint: 'use the margin loss' },
  );
}

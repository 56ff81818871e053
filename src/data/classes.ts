/** How many classes labels belong to. */
import { UserError } from '../errors.ts';
import { MAX_CLASSES } from './dataset.ts';
import type { Purpose } from './sources/data-source.ts';

/** The labels of one part, which may still be too large for a data set. */
export interface RawLabels {
  /** For messages, such as `cifar/test`. */
  readonly name: string;
  readonly labels: ArrayLike<number>;
}

function largestOf(labels: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] > most) most = labels[i];
  return most;
}

/**
 * The number of classes: as stated; else that of the model that the data are for; else one more than
 * the largest label, and at least two.
 * @param stated what the data themselves say
 * @throws UserError `bad-data` when a label is no class
 */
export function classesOf(
  parts: readonly RawLabels[],
  { stated, purpose }: { readonly stated?: number | undefined; readonly purpose: Purpose },
): number {
  const limit = stated ?? purpose.classes ?? MAX_CLASSES;
  for (const { name, labels } of parts) {
    const wrong = Array.prototype.findIndex.call(
      labels,
      (label: number) => !(Number.isInteger(label) && label >= 0 && label < limit),
    );
    if (wrong < 0) continue;
    const problem = `label ${labels[wrong]} at index ${wrong} is out of range (0 to ${limit - 1})`;
    throw new UserError('bad-data', `${name}: ${problem}`, {
      hint:
        stated === undefined && purpose.classes !== undefined
          ? `the model has ${limit} classes: name other data or another model`
          : 'labels are class numbers that count from 0',
    });
  }
  const seen = Math.max(...parts.map(({ labels }) => largestOf(labels))) + 1;
  return stated ?? Math.max(2, purpose.classes ?? seen);
}

/** The images that `attack` and `predict` take. */
import { type Dataset, subset } from '../data/index.ts';
import { UserError } from '../errors.ts';

/**
 * An index that a test image has.
 * @throws UserError `bad-flag` when there is no such image
 */
export function requireIndex({ count }: Dataset, index: number | undefined): number {
  if (index !== undefined && index < count) return index;
  throw new UserError('bad-flag', `there is no test image ${index}`, {
    hint: `--index goes from 0 to ${count - 1}`,
  });
}

/**
 * The images that an attack is run on: the first `samples`, or the one at `index`.
 * @throws UserError `bad-flag` when there is no such image
 */
export function imagesToAttack(dataset: Dataset, samples: number, index?: number): Dataset {
  const positions =
    index === undefined
      ? Uint32Array.from({ length: Math.min(samples, dataset.count) }, (_, i) => i)
      : Uint32Array.of(requireIndex(dataset, index));
  return subset(dataset, dataset.name, positions);
}

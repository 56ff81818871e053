import { ranking, row } from '../arrays.ts';
import type { Oracle } from './oracle.ts';
import type { AttackBatch } from './types.ts';

/** The classes other than the label, by descending logit at the clean image: one forward pass. */
export async function runnersUp(
  oracle: Oracle,
  { images, labels }: AttackBatch,
): Promise<number[][]> {
  const logits = await oracle.logits(images);
  return Array.from(labels, (label, i) =>
    ranking(row(logits, i, oracle.classes)).filter((index) => index !== label),
  );
}

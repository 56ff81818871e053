/** Adversarial examples on disk, and the check that they still succeed. */
import { readFile } from 'node:fs/promises';
import { unzipSync, zipSync } from 'fflate';
import { row } from '../arrays.ts';
import type { Dataset } from '../data/index.ts';
import type { Classifier } from '../models/index.ts';
import { decodeNpy, encodeNpy, writeFileAtomically } from '../storage/index.ts';
import { batchSizeFor, classify } from './accuracy.ts';
import type { AttackRun } from './attacking.ts';

/** A fixed time stamp, so that equal examples give equal files. */
const MTIME = new Date(1980, 0, 1);

/**
 * Writes the candidates of one attack as `.npz`: `images` float32 `[N, H, W, C]` in [0, 1],
 * `labels`, `predicted` and `indices` `[N]`, float32 too.
 * @throws UserError `unwritable`
 */
export async function saveExamples(
  path: string,
  dataset: Dataset,
  candidates: Float32Array,
  { predicted, positions }: Pick<AttackRun, 'predicted' | 'positions'>,
): Promise<void> {
  const count = predicted.length;
  const list = (values: readonly number[]) => encodeNpy(Float32Array.from(values), [count]);
  const arrays = {
    'images.npy': encodeNpy(candidates, [count, ...dataset.shape]),
    'labels.npy': list(positions.map((position) => dataset.labels[position])),
    'predicted.npy': list(predicted),
    'indices.npy': list(positions.map((position) => dataset.indices[position])),
  };
  await writeFileAtomically(path, zipSync(arrays, { level: 6, mtime: MTIME }));
}

/**
 * Reads examples back and judges them again by the model: the rows that no longer get the class that
 * the run says, or have left [0, 1].
 */
export async function unverifiedRows(
  path: string,
  classifier: Classifier,
  { predicted }: Pick<AttackRun, 'predicted'>,
): Promise<ReadonlySet<number>> {
  const images = decodeNpy(unzipSync(await readFile(path))['images.npy']).values;
  const features = images.length / predicted.length;
  const size = batchSizeFor(features);
  const failed = new Set<number>();
  for (let from = 0; from < predicted.length; from += size) {
    const to = Math.min(predicted.length, from + size);
    const batch = images.subarray(from * features, to * features);
    (await classify(classifier, batch)).forEach((winner, i) => {
      const isLegal = row(batch, i, features).every((value) => value >= 0 && value <= 1);
      if (winner !== predicted[from + i] || !isLegal) failed.add(from + i);
    });
  }
  return failed;
}

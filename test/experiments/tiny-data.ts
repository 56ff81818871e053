/** A data set so small that a trial takes a moment, as an `.npz` file. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { npy, npz } from '../data/folders.ts';
import { bands } from '../library/models.ts';

/** Writes it into a folder; returns its path. */
export async function writeTinyData(folder: string): Promise<string> {
  const [train, test] = [bands('train', 96), bands('test', 24, 2)];
  const path = join(folder, 'bands.npz');
  const arrays = {
    x_train: npy('|u1', [train.count, ...train.shape], train.images),
    y_train: npy('|u1', [train.count], Uint8Array.from(train.labels)),
    x_test: npy('|u1', [test.count, ...test.shape], test.images),
    y_test: npy('|u1', [test.count], Uint8Array.from(test.labels)),
  };
  await writeFile(path, npz(arrays));
  return path;
}

/** Options with which a trial on it takes about a second. */
export const TINY = ['--architecture', 'dense', '--epochs', '2', '--batch-size', '16'] as const;

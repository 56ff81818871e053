/** The names of CSV files of images. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from './listing.ts';

const CSV = /\.csv(\.gz)?$/i;

/** A CSV file is test images; a folder has one for training, one for testing, or one of them. */
export function findCsv(source: string): { train?: string; test?: string } | undefined {
  if (CSV.test(source)) {
    return statSync(source, { throwIfNoEntry: false }) ? { test: source } : undefined;
  }
  const names = namesIn(source).filter((name) => CSV.test(name));
  const [train] = names.filter((name) => /train/i.test(name));
  const [test] = names.filter((name) => /test/i.test(name));
  if (train === undefined && test === undefined) return undefined;
  return {
    ...(train !== undefined && { train: join(source, train) }),
    ...(test !== undefined && { test: join(source, test) }),
  };
}

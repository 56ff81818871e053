/** The names of CIFAR's files. */
import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { namesIn } from './listing.ts';

export interface CifarFiles {
  readonly classes: 10 | 100;
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** The list of the classes' names. */
  readonly names: string | undefined;
}

const SETS = [
  {
    classes: 10,
    train: /^data_batch_\d\.bin$/,
    test: /^test_batch\.bin$/,
    names: 'batches.meta.txt',
  },
  { classes: 100, train: /^train\.bin$/, test: /^test\.bin$/, names: 'fine_label_names.txt' },
] as const;

/** The batches in a folder; a batch itself is test images. */
export function findCifar(source: string): CifarFiles | undefined {
  const isFile = statSync(source, { throwIfNoEntry: false })?.isFile() ?? false;
  const folder = isFile ? dirname(source) : source;
  const all = namesIn(folder);
  const own = isFile ? [basename(source)] : all;
  for (const { classes, train, test, names } of SETS) {
    const find = (pattern: RegExp) =>
      own.filter((name) => pattern.test(name)).map((name) => join(folder, name));
    const [trains, tests] = [find(train), find(test)];
    if (trains.length + tests.length === 0) continue;
    return {
      classes,
      train: isFile ? [] : trains,
      test: isFile ? [...trains, ...tests] : tests,
      names: all.includes(names) ? join(folder, names) : undefined,
    };
  }
  return undefined;
}

/** The names of IDX files: those of MNIST, and those of EMNIST, which begin with the split's name. */
import { basename, dirname, join } from 'node:path';
import { namesIn } from './listing.ts';

export const IDX_ROLES = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const;
export type IdxRole = (typeof IDX_ROLES)[number];

/** The IDX files of one data set. */
export interface IdxGroup {
  /** What all names begin with, such as `emnist-balanced`; empty for MNIST's own names. */
  readonly split: string;
  readonly paths: Readonly<Partial<Record<IdxRole, string>>>;
  /** EMNIST's list of classes. */
  readonly mapping: string | undefined;
}

const NAME = /^(?:(.+)-)?(train|t10k|test)-(images|labels)[.-]idx\d-ubyte(?:\.gz)?$/;

/**
 * The data sets in a folder; of a path such as `gzip/emnist-balanced`, the one whose files begin so.
 */
export function findIdxGroups(source: string): IdxGroup[] {
  const all = groupsIn(source);
  if (all.length > 0) return all;
  return groupsIn(dirname(source)).filter(({ split }) => split === basename(source));
}

function groupsIn(folder: string): IdxGroup[] {
  const groups = new Map<string, Partial<Record<IdxRole, string>>>();
  const names = namesIn(folder);
  for (const name of names) {
    const [, split = '', part, content] = NAME.exec(name) ?? [];
    if (part === undefined) continue;
    const paths = groups.get(split) ?? {};
    const role = `${part === 'train' ? 'train' : 'test'}${content === 'images' ? 'Images' : 'Labels'}`;
    const key = IDX_ROLES.find((one) => one === role);
    if (key) paths[key] ??= join(folder, name);
    groups.set(split, paths);
  }
  return Array.from(groups, ([split, paths]) => {
    const mapping = `${split}-mapping.txt`;
    return { split, paths, mapping: names.includes(mapping) ? join(folder, mapping) : undefined };
  });
}

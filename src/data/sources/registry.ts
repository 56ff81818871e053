import { existsSync } from 'node:fs';
import { meantText } from '../../closest.ts';
import { UserError } from '../../errors.ts';
import { cifarFolder } from './cifar-folder.ts';
import { csvFile } from './csv-file.ts';
import type { DataSource } from './data-source.ts';
import { digits } from './digits.ts';
import { fashionMnist } from './fashion-mnist.ts';
import { idxFolder } from './idx-folder.ts';
import { mnist } from './mnist.ts';
import { npzFile } from './npz-file.ts';
import { pictureFolder } from './picture-folder.ts';

/** The kinds of data sets; names come before what any folder may be. */
const DATA_SOURCES: readonly DataSource[] = [
  mnist,
  fashionMnist,
  digits,
  idxFolder,
  npzFile,
  cifarFolder,
  csvFile,
  pictureFolder,
];

/** What `--data` takes, in words: `mnist, fashion-mnist, … or a folder of pictures`. */
export const DATA_SOURCES_IN_WORDS = DATA_SOURCES.map(({ takes }, i) =>
  i === DATA_SOURCES.length - 1 ? `or ${takes}` : takes,
).join(', ');

/** The data sets that have a name. */
export const NAMED_DATA_SETS: readonly string[] = DATA_SOURCES.filter(({ named }) => named).map(
  ({ takes }) => takes,
);

/**
 * The kind of data set that `--data` means.
 * @throws UserError `no-data` when it is neither a name nor anything of a known format
 */
export function findDataSource(source: string): DataSource {
  const found = DATA_SOURCES.find((one) => one.accepts(source));
  if (found) return found;
  const problem = existsSync(source)
    ? `${source} holds no data set of a known format`
    : `there is no data folder or file ${source}`;
  throw new UserError('no-data', problem, {
    hint: `${meantText(source, NAMED_DATA_SETS)}name ${DATA_SOURCES_IN_WORDS}`,
  });
}

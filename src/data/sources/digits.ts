import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { UserError } from '../../errors.ts';
import type { DataSource } from './data-source.ts';

/** Where Debian's package `python3-sklearn` puts the file. */
const DEBIAN = '/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz';

const isFileOfDigits = (source: string) => /^digits\.csv(\.gz)?$/.test(basename(source));

/** scikit-learn's 1,797 digits of 8 x 8 pixels: small enough for runs of seconds. */
export const digits: DataSource = {
  takes: 'digits',
  named: true,
  accepts: (source) => source === 'digits' || (isFileOfDigits(source) && existsSync(source)),
  async load(source) {
    const path = source === 'digits' ? DEBIAN : source;
    if (!existsSync(path)) {
      throw new UserError('no-data', `scikit-learn's digits are not installed (no ${DEBIAN})`, {
        hint: "install Debian's package python3-sklearn, or name scikit-learn's digits.csv.gz",
      });
    }
    const { loadDigits } = await import('../csv-file.ts');
    return loadDigits(path, source === 'digits');
  },
};

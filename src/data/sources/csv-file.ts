import { findCsv } from './csv-names.ts';
import type { DataSource } from './data-source.ts';

/** CSV as on Kaggle, an image a line: a file, or a folder with one for each part. */
export const csvFile: DataSource = {
  takes: 'a CSV file (label,pixel0,…) or a folder with *train*.csv and *test*.csv',
  named: false,
  accepts: (source) => findCsv(source) !== undefined,
  async load(source, purpose) {
    const { loadCsv } = await import('../csv-file.ts');
    return loadCsv(source, purpose);
  },
};

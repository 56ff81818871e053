import { existsSync, statSync } from 'node:fs';
import type { DataSource } from './data-source.ts';

/** Any folder with four IDX files, gzipped or not: images and labels of `train` and `t10k`. */
export const idxFolder: DataSource = {
  takes: 'a folder with four IDX files',
  named: false,
  accepts: (source) => existsSync(source) && statSync(source).isDirectory(),
  async load(source) {
    const { loadIdxFolder } = await import('../idx-files.ts');
    return loadIdxFolder(source, source);
  },
};

import type { DataSource } from './data-source.ts';
import { findIdxGroups } from './idx-names.ts';

/** A folder with IDX files, gzipped or not: images and labels of `train` and `t10k`, or of one. */
export const idxFolder: DataSource = {
  takes: 'a folder with IDX files',
  named: false,
  accepts: (source) => findIdxGroups(source).length > 0,
  async load(source, purpose) {
    const { loadIdxFolder } = await import('../idx-files.ts');
    return loadIdxFolder(source, source, purpose);
  },
};

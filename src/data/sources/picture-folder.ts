import type { DataSource } from './data-source.ts';
import { findPictures } from './picture-names.ts';

/** Pictures, in a folder for each class. */
export const pictureFolder: DataSource = {
  takes: 'a folder of pictures (PNG, JPEG, WebP) with a folder for each class',
  named: false,
  accepts: (source) => findPictures(source) !== undefined,
  async load(source, purpose) {
    const { loadPictures } = await import('../picture-folder.ts');
    return loadPictures(source, purpose);
  },
};

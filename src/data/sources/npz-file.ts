import { existsSync } from 'node:fs';
import type { DataSource } from './data-source.ts';

/** An `.npz` archive of NumPy arrays. */
export const npzFile: DataSource = {
  takes: 'an .npz file',
  named: false,
  accepts: (source) => /\.npz$/i.test(source) && existsSync(source),
  async load(source, purpose) {
    const { loadNpz } = await import('../npz-file.ts');
    return loadNpz(source, purpose);
  },
};

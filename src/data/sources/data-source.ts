import type { Dataset, ImageShape } from '../dataset.ts';

/** A data set as its files hold it, before images are held back for validation. */
export interface LoadedData {
  /** For messages and records, such as `mnist` or a folder's path. */
  readonly name: string;
  /** Absent where the files hold test images alone. */
  readonly train?: Dataset;
  /** Absent where they hold training images alone. */
  readonly test?: Dataset;
  /** What was done to the data in reading, for the user to know. */
  readonly notes?: readonly string[];
}

/**
 * What the images are for, where a model is there: pictures are brought to its shape, and data that
 * do not say how many classes they have get its number of classes.
 */
export interface Purpose {
  readonly shape?: ImageShape;
  readonly classes?: number;
}

/**
 * A kind of data set that `--data` takes. `--help` and `doctor` list the kinds, so such a file
 * imports nothing but Node's modules and errors; what reads the files is imported by `load`.
 */
export interface DataSource {
  /** What to give for it: its name, or a description in words. */
  readonly takes: string;
  /** Whether it is one data set with a name, rather than any data of a format. */
  readonly named: boolean;
  /** Whether this is what the user means; the first kind of the registry that accepts is taken. */
  accepts(source: string): boolean;
  /** @throws UserError `no-data` or `bad-data` */
  load(source: string, purpose: Purpose): Promise<LoadedData>;
}

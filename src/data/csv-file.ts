/** Data sets in CSV files. */
import { UserError } from '../errors.ts';
import { digestOf, sha256 } from '../storage/index.ts';
import { classesOf } from './classes.ts';
import { type Rows, readRows } from './csv.ts';
import { bytesOf, type Dataset, makeDataset, newLabels } from './dataset.ts';
import { shapeOfRow } from './layout.ts';
import { findCsv } from './sources/csv-names.ts';
import type { LoadedData, Purpose } from './sources/data-source.ts';

const KAGGLE = { labelColumn: 'first', white: 255 } as const;
/** scikit-learn's and UCI's digits: 64 values from 0 to 16, then the digit. */
const DIGITS = { labelColumn: 'last', white: 16 } as const;
/** Of scikit-learn's digits, which are one part, every image from here on is for testing. */
const DIGITS_TRAIN_SHARE = 0.8;
/** Of the bytes that its values become, and of its labels. */
const DIGITS_DIGEST = 'f06313765d1cc6934eada737578eaaee62a0266b8109c02ea8f5f02384d07cac';

/**
 * Reads `FOLDER/*train*.csv` and `FOLDER/*test*.csv`, or one file as test images.
 * @throws UserError `bad-data`
 */
export async function loadCsv(source: string, purpose: Purpose): Promise<LoadedData> {
  const files = findCsv(source);
  const parts: { part: 'train' | 'test'; rows: Rows }[] = [];
  for (const part of ['train', 'test'] as const) {
    const path = files?.[part];
    if (path !== undefined) parts.push({ part, rows: await readRows(path, KAGGLE) });
  }
  return assemble(source, parts, purpose);
}

/**
 * Reads the 8 x 8 digits of scikit-learn.
 * @param mustBePublished whether other rows than scikit-learn's are refused
 * @throws UserError `bad-data`
 */
export async function loadDigits(path: string, mustBePublished: boolean): Promise<LoadedData> {
  const { size, values, labels } = await readRows(path, DIGITS);
  if (mustBePublished && digestOf([sha256(values), sha256(bytesOf(labels))]) !== DIGITS_DIGEST) {
    throw new UserError('bad-data', `${path} is not the published file (SHA-256 differs)`, {
      hint: 'install the data set again',
    });
  }
  const split = Math.floor(labels.length * DIGITS_TRAIN_SHARE);
  const rows = (from: number, to: number): Rows => ({
    size,
    values: values.subarray(from * size, to * size),
    labels: labels.subarray(from, to),
  });
  return assemble(
    'digits',
    [
      { part: 'train', rows: rows(0, split) },
      { part: 'test', rows: rows(split, labels.length) },
    ],
    { classes: 10 },
  );
}

function assemble(
  name: string,
  parts: readonly { readonly part: 'train' | 'test'; readonly rows: Rows }[],
  purpose: Purpose,
): LoadedData {
  const raw = parts.map(({ part, rows }) => ({ name: `${name}/${part}`, labels: rows.labels }));
  const classes = classesOf(raw, { purpose });
  const data: Partial<Record<'train' | 'test', Dataset>> = {};
  for (const { part, rows } of parts) {
    const labels = newLabels(classes, rows.labels.length);
    labels.set(rows.labels);
    const shape = shapeOfRow(rows.size, purpose);
    data[part] = makeDataset(`${name}/${part}`, shape, classes, rows.values, labels);
  }
  return { name, ...data };
}

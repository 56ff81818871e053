/**
 * Rows of numbers as text: Kaggle's `label,pixel0,pixel1,…`, one image a line. The text is read in
 * pieces, and each line becomes bytes at once.
 */
import { createGunzip } from 'node:zlib';
import { UserError } from '../errors.ts';
import { MAX_BYTES, openRegular, printable } from '../storage/index.ts';
import { MAX_CLASSES } from './dataset.ts';

/** What a file of rows holds. */
export interface Rows {
  /** Values of each row, the label apart. */
  readonly size: number;
  /** `count * size` bytes. */
  readonly values: Uint8Array;
  /** `count` labels. */
  readonly labels: Uint16Array;
}

/** How a file of rows is written. */
export interface RowFormat {
  /** Column of the label in a file without header. */
  readonly labelColumn: 'first' | 'last';
  /** Largest value; it becomes 255. */
  readonly white: number;
}

/** More than a line of 224 x 224 x 3 values takes. */
const MAX_LINE_BYTES = 2 ** 21;
/** Text to read at most: four bytes a value, as in `255,`. */
const MAX_TEXT_BYTES = 4 * MAX_BYTES;
const LABEL_NAMES = ['label', 'labels', 'class', 'target', 'y'];
const NEWLINE = 10;
const COMMA = 44;
const ZERO = 48;

/**
 * Reads a CSV file of numbers, gzipped or not, with or without a header.
 * @throws UserError `bad-data`, naming the line
 */
export async function readRows(path: string, format: RowFormat): Promise<Rows> {
  const fail = (problem: string, cause?: unknown) =>
    new UserError('bad-data', printable(`${path} is no usable CSV file: ${problem}`), {
      hint: 'each line is an image: its label, then its pixels from 0 to 255',
      cause,
    });
  const { handle, size } = await openRegular(path, fail, MAX_TEXT_BYTES);
  const parser = new RowParser(format, fail);
  try {
    const file = handle.createReadStream({ autoClose: false });
    const unpacked = path.endsWith('.gz') ? file.pipe(createGunzip()) : undefined;
    file.on('error', (error) => unpacked?.destroy(error));
    for await (const chunk of unpacked ?? file) parser.push(chunk);
    if (unpacked && unpacked.bytesWritten !== size)
      throw fail('other bytes follow its gzip stream');
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw fail(`it cannot be read (${(error as Error).message})`, error);
  } finally {
    await handle.close();
  }
  return parser.end();
}

type Fail = (problem: string) => UserError;

/** Turns text into rows, piece by piece. */
class RowParser {
  readonly #format: RowFormat;
  readonly #fail: Fail;
  /** Of a line whose end has not come yet. */
  #rest: Buffer = Buffer.alloc(0);
  #line = 0;
  #total = 0;
  #columns = 0;
  #labelColumn = -1;
  #count = 0;
  #values = new Uint8Array(0);
  #labels = new Uint16Array(0);

  constructor(format: RowFormat, fail: Fail) {
    this.#format = format;
    this.#fail = fail;
  }

  push(chunk: Buffer): void {
    this.#total += chunk.length;
    if (this.#total > MAX_TEXT_BYTES) throw this.#fail('it holds more than 2 GiB of pixels');
    const text = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (;;) {
      const end = text.indexOf(NEWLINE, from);
      if (end < 0) break;
      this.#addLine(text.subarray(from, end));
      from = end + 1;
    }
    this.#rest = text.subarray(from);
    if (this.#rest.length > MAX_LINE_BYTES) {
      throw this.#fail(`line ${this.#line + 1} is longer than ${MAX_LINE_BYTES} bytes`);
    }
  }

  end(): Rows {
    if (this.#rest.length > 0) this.#addLine(this.#rest);
    if (this.#count === 0) throw this.#fail('it has no rows');
    const size = this.#columns - 1;
    return {
      size,
      values: this.#values.subarray(0, this.#count * size),
      labels: this.#labels.subarray(0, this.#count),
    };
  }

  #addLine(bytes: Buffer): void {
    this.#line++;
    const line = bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes;
    if (this.#columns === 0) {
      this.#begin(line);
      if (!isNumbers(line)) return;
    }
    this.#makeRoom();
    this.#parse(line);
    this.#count++;
  }

  /** Learns the columns from the first line. */
  #begin(line: Buffer): void {
    const columns = line
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .split(',');
    this.#columns = columns.length;
    if (columns.length < 2) throw this.#fail('its first line has only one column');
    if (isNumbers(line)) {
      this.#labelColumn = this.#format.labelColumn === 'first' ? 0 : columns.length - 1;
      return;
    }
    const names = columns.map((name) => name.trim().replaceAll('"', '').toLowerCase());
    this.#labelColumn = names.findIndex((name) => LABEL_NAMES.includes(name));
    if (this.#labelColumn >= 0) return;
    throw this.#fail(`its header names none of the columns ${LABEL_NAMES.join(', ')}`);
  }

  #makeRoom(): void {
    const size = this.#columns - 1;
    if ((this.#count + 1) * size > MAX_BYTES)
      throw this.#fail('it holds more than 2 GiB of pixels');
    if (this.#count < this.#labels.length) return;
    const rows = Math.min(Math.max(64, 2 * this.#count), Math.floor(MAX_BYTES / size));
    const [values, labels] = [new Uint8Array(rows * size), new Uint16Array(rows)];
    values.set(this.#values);
    labels.set(this.#labels);
    this.#values = values;
    this.#labels = labels;
  }

  #parse(line: Buffer): void {
    const { white } = this.#format;
    let at = this.#count * (this.#columns - 1);
    let column = 0;
    let from = 0;
    for (let i = 0; i <= line.length; i++) {
      if (i < line.length && line[i] !== COMMA) continue;
      const value = this.#numberIn(line, from, i);
      const isLabel = column === this.#labelColumn;
      if (value > (isLabel ? MAX_CLASSES - 1 : white)) {
        throw this.#fail(
          isLabel
            ? `line ${this.#line}: the label ${value} is too large`
            : `line ${this.#line}: the pixel ${value} is larger than ${white}`,
        );
      }
      if (isLabel) this.#labels[this.#count] = value;
      else if (column < this.#columns) this.#values[at++] = Math.round((value * 255) / white);
      column++;
      from = i + 1;
    }
    if (column === this.#columns) return;
    throw this.#fail(`line ${this.#line} has ${column} columns, the first has ${this.#columns}`);
  }

  /** The whole number that stands in a line. */
  #numberIn(line: Buffer, from: number, to: number): number {
    let value = to > from && to - from < 8 ? 0 : Number.NaN;
    for (let i = from; i < to; i++) {
      const digit = line[i] - ZERO;
      value = digit >= 0 && digit <= 9 ? 10 * value + digit : Number.NaN;
    }
    if (!Number.isNaN(value)) return value;
    const text = line.toString('utf8', from, Math.min(to, from + 20));
    throw this.#fail(`line ${this.#line}: "${text}" is no whole number from 0 up`);
  }
}

/** Whether a line holds digits and commas only. */
const isNumbers = (line: Buffer): boolean =>
  line.length > 0 && line.every((byte) => byte === COMMA || (byte >= ZERO && byte < ZERO + 10));

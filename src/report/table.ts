/** A table as data: the page, the Markdown form and the terminal are three renderings of it. */
import type { Rate } from '../evaluation/index.ts';
import { numberText, percent } from '../numbers.ts';
import { interval } from './text.ts';

export interface Cell {
  readonly text: string;
  /** A second line: an interval or options. */
  readonly note?: string;
  /** Text and note in one, for columns that are as narrow as a terminal's. */
  readonly brief?: string;
  /** What the column is sorted by, where the text is not. */
  readonly value?: number;
  /** The metric is no evidence: renderers mark the cell and print the table's `unreliable`. */
  readonly isUnreliable?: boolean;
}

export type Row = readonly Cell[];

export interface Table {
  readonly id: string;
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Rows that summarize others. */
  readonly totals?: ReadonlySet<Row>;
  /** Why marked cells are no evidence. */
  readonly unreliable?: string;
  /** Holds details: folded where a renderer can fold, left out of the short summary of a run. */
  readonly isDetail?: boolean;
  /** Repeats a chart of its section: left out by renderers that draw charts. */
  readonly isCharted?: boolean;
}

/** Whether the cells of a column are numbers, which are set to the right. */
export const isNumeric = ({ rows }: Table, column: number): boolean =>
  rows.some((row) => row[column].value !== undefined);

/** Whether the table has a cell that is no evidence. */
export const hasUnreliableCells = ({ rows }: Table): boolean =>
  rows.some((row) => row.some(({ isUnreliable }) => isUnreliable));

export const textCell = (content: string): Cell => ({ text: content });

export const numberCell = (value: number, content = numberText(value)): Cell => ({
  text: content,
  value,
});

/** A cell without a value; sorts before all others. */
export const NO_VALUE: Cell = { text: '–', value: -1 };

/** A distance in three digits. */
export const distanceCell = (value: number): Cell => numberCell(value, value.toPrecision(3));

/** Images from which on a hundredth of a percent says something. */
const FINE = 5000;

/**
 * Such as `74.6 ±2.7`, in percent: the longer side of the interval, since Wilson's is lopsided
 * near 0 and 100 %.
 */
function briefRate({ rate, low, high, total }: Rate): string {
  const digits = total >= FINE ? 2 : 1;
  const side = Math.max(rate - low, high - rate);
  return `${(100 * rate).toFixed(digits)} ±${(100 * side).toFixed(digits)}`;
}

/** A rate in percent with its 95 % interval. */
export const rateCell = (rate: Rate): Cell => ({
  text: percent(rate.rate),
  note: interval(rate),
  brief: briefRate(rate),
  value: rate.rate,
});

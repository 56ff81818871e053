import type { SmoothingRecord } from '../certification/index.ts';
import { rateOf } from '../evaluation/index.ts';
import { counted, countText, numberText } from '../numbers.ts';
import { numberCell, rateCell, type Table, textCell } from './table.ts';

const captionOf = ({ model, data, sigma, draws }: SmoothingRecord, what: string) =>
  `${model.name} smoothed with sigma ${numberText(sigma)}: ${what} of ${counted(data.labels.length, 'image')}, ${countText(draws)} draws each`;

/** The share of images that are right with at least each L2 radius. */
export function smoothingTable(record: SmoothingRecord): Table {
  return {
    id: 'smoothing',
    caption: captionOf(record, 'certified accuracy, %, with 95 % Wilson intervals,'),
    columns: ['L2 radius', 'certified'],
    rows: record.certified.map((one) => [numberCell(one.radius), rateCell(one)]),
  };
}

/** Ends of the ranges that lower bounds of the top class' probability are counted in. */
const ENDS = [0.5, 0.9, 0.99, 0.999, 1];

/** How the lower bounds of the top class' probability are distributed. */
export function topProbabilityTable(record: SmoothingRecord): Table {
  const rangeOf = (low: number) => ENDS.findIndex((end) => low <= end);
  const name = (at: number) =>
    at === 0 ? 'up to 0.5: abstained' : `above ${ENDS[at - 1]}, up to ${ENDS[at]}`;
  const { answers, data } = record;
  return {
    id: 'top-probability',
    caption: captionOf(record, 'lower bound of the probability of the top class,'),
    columns: ['probability', 'images, %', 'of them right'],
    rows: ENDS.map((_, at) => {
      const inRange = answers.flatMap(({ low, predicted }, i) =>
        rangeOf(low) === at ? [predicted === data.labels[i]] : [],
      );
      return [
        textCell(name(at)),
        rateCell(rateOf(inRange.length, answers.length)),
        numberCell(inRange.filter(Boolean).length),
      ];
    }),
  };
}

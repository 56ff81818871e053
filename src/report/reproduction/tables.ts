/** The tables of a reproduction: published beside measured, and the models behind it. */
import { numberText, percent } from '../../numbers.ts';
import { grouped } from '../attack-identity.ts';
import { type Cell, NO_VALUE, numberCell, type Table, textCell } from '../table.ts';
import { slug } from '../text.ts';
import type { Claim, ReproductionResults } from './results.ts';

/** A value of a claim in words, such as `95.9 %`. */
export const claimText = ({ unit }: Pick<Claim, 'unit'>, value: number): string =>
  unit === 'share' ? percent(value, 1) : numberText(value);

/** Such as `88.1 to 95.9 %`. */
const intervalText = ({ unit }: Claim, low: number, high: number): string =>
  unit === 'share'
    ? `${(100 * low).toFixed(1)} to ${percent(high, 1)}`
    : `${numberText(low)} to ${numberText(high)}`;

const publishedCell = (claim: Claim): Cell =>
  claim.published === null
    ? NO_VALUE
    : numberCell(claim.published, claimText(claim, claim.published));

/** How the intervals of all figures are to be read. */
export const intervalNote = ({ seeds }: ReproductionResults): string =>
  seeds.length === 1
    ? 'Intervals: 95 %, over the images, of one training.'
    : `Intervals: 95 % of the mean over ${seeds.length} seeds${seeds.length < 3 ? ', here from the smaller to the larger value' : ''}.`;

/** One table for each figure, a model a row. */
export const claimTables = ({ claims }: ReproductionResults): Table[] =>
  grouped(claims, ({ figure }) => figure).map((own) => ({
    id: slug(own[0].figure),
    caption: own[0].figure.charAt(0).toUpperCase() + own[0].figure.slice(1),
    columns: ['model', 'published', 'measured', '95 % interval'],
    rows: own.map((claim) => {
      const { model, measured } = claim;
      return [
        textCell(model),
        publishedCell(claim),
        measured ? numberCell(measured.mean, claimText(claim, measured.mean)) : NO_VALUE,
        textCell(
          measured && measured.low < measured.high
            ? intervalText(claim, measured.low, measured.high)
            : '–',
        ),
      ];
    }),
  }));

export const modelsTable = ({ models }: ReproductionResults): Table => ({
  id: 'models',
  caption: 'Every model, and the command that repeats it',
  columns: ['trial', 'model', 'seed', 'outcome', 'command'],
  rows: models.map(({ trial, model, seed, outcome, command }) => [
    textCell(trial),
    textCell(model),
    numberCell(seed, String(seed)),
    textCell(outcome),
    textCell(command),
  ]),
  isDetail: true,
});

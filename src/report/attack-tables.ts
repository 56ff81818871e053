/** The tables of a record that are about attacks. */
import {
  type AttackRecord,
  type EvaluationRecord,
  isFixedBudget,
  type Rate,
  targetDistances,
  targetRates,
} from '../evaluation/index.ts';
import { counted, countText } from '../numbers.ts';
import {
  attackKey,
  attackTitle,
  grouped,
  optionsText,
  type TableName,
  tableNames,
} from './attack-identity.ts';
import { lacksGradient } from './record-facts.ts';
import {
  type Cell,
  distanceCell,
  NO_VALUE,
  numberCell,
  type Row,
  rateCell,
  type Table,
  textCell,
} from './table.ts';

const NO_EVIDENCE = 'no gradient on more than a tenth of the images: no evidence of robustness';

/** The first cell of an attack's row. */
const attackCell = (attack: AttackRecord, names: ReadonlyMap<string, TableName>): Cell => {
  const name = names.get(attackKey(attack));
  return {
    text: name?.title ?? attackTitle(attack),
    note: optionsText(attack),
    brief: name?.brief ?? attackTitle(attack),
  };
};

const robustCell = (record: EvaluationRecord, attack: AttackRecord): Cell => ({
  ...rateCell(attack.robust),
  isUnreliable: lacksGradient(record, attack),
});

/**
 * Accuracy under every attack of a fixed budget, one column for each model, and the worst case of
 * every budget, by norm and eps.
 */
export function attackTable(record: EvaluationRecord): Table {
  const { models, worstCases } = record;
  const attacks = record.attacks.filter(isFixedBudget);
  const names = tableNames(attacks);
  const attackRows = grouped(attacks, attackKey).map((own) => {
    const [first] = own;
    const { norm, eps, loss } = first;
    const cells = models.map(({ name }) => {
      const found = own.find(({ model }) => model === name);
      return found ? robustCell(record, found) : NO_VALUE;
    });
    const row = [
      attackCell(first, names),
      textCell(norm),
      numberCell(eps),
      textCell(loss ?? '–'),
      ...cells,
    ];
    return { norm, eps, row, isTotal: false };
  });
  const worstRows = grouped(worstCases, ({ norm, eps }) => `${norm} ${eps}`).map((own) => {
    const [{ norm, eps }] = own;
    const cells = models.map(({ name }) => {
      const found: Rate | undefined = own.find(({ model }) => model === name);
      return found ? rateCell(found) : NO_VALUE;
    });
    const label = { text: 'worst case', note: 'over all attacks, image by image' };
    const row = [label, textCell(norm), numberCell(eps), textCell('all'), ...cells];
    return { norm, eps, row, isTotal: true };
  });
  const rows = [...attackRows, ...worstRows].sort(
    (a, b) => Number(a.norm > b.norm) - Number(a.norm < b.norm) || a.eps - b.eps,
  );
  const images = Math.max(0, ...attacks.map(({ robust }) => robust.total));
  return {
    id: 'attacks',
    caption: `Accuracy under attack on ${counted(images, 'image')}, %, with 95 % Wilson intervals`,
    columns: ['attack', 'norm', 'eps', 'loss', ...models.map(({ name }) => name)],
    rows: rows.map(({ row }) => row),
    totals: new Set(rows.filter(({ isTotal }) => isTotal).map(({ row }) => row)),
    unreliable: NO_EVIDENCE,
  };
}

const NOT_FOUND: Cell = { text: 'not found', value: 1e9 };

/** Smallest perturbations: how often one was found, and how large it was. */
export function minimalTable({ attacks }: EvaluationRecord): Table {
  const minimal = attacks.filter((attack) => !isFixedBudget(attack));
  const names = tableNames(minimal);
  return {
    id: 'minimal',
    caption:
      'Smallest perturbations: share of images with one, %, with 95 % Wilson intervals, and quantiles of the distance over all images; an image on which the attack failed counts as infinitely far',
    columns: ['attack', 'norm', 'model', 'found', '10 %', 'median', '90 %'],
    rows: minimal.map((attack) => {
      const total = attack.success.length;
      const reached = attack.distance.map((far, i) =>
        attack.success[i] ? far : Number.POSITIVE_INFINITY,
      );
      reached.sort((a, b) => a - b);
      const quantile = (share: number): Cell => {
        const far = reached[Math.min(total - 1, Math.floor(share * total))] ?? Infinity;
        return Number.isFinite(far) ? distanceCell(far) : NOT_FOUND;
      };
      return [
        attackCell(attack, names),
        textCell(attack.norm),
        textCell(attack.model),
        rateCell(targetRates(attack).average),
        ...[0.1, 0.5, 0.9].map(quantile),
      ];
    }),
  };
}

const targetedOf = ({ attacks }: EvaluationRecord) =>
  attacks.filter(({ target }) => target !== null);

/**
 * A table with a row for each of some attacks.
 * @param cellsOf what follows the attack's own cells; undefined for no row
 */
function tableByAttack(
  attacks: readonly AttackRecord[],
  table: Omit<Table, 'rows'>,
  cellsOf: (attack: AttackRecord) => Row | undefined,
): Table {
  const names = tableNames(attacks);
  return {
    ...table,
    columns: ['attack', 'norm', 'eps', 'loss', 'model', ...table.columns],
    rows: attacks.flatMap((attack) => {
      const cells = cellsOf(attack);
      if (!cells) return [];
      const { norm, eps, loss, model } = attack;
      const budget = eps === null ? textCell('–') : numberCell(eps);
      const own = [textCell(norm), budget, textCell(loss ?? '–'), textCell(model)];
      return [[attackCell(attack, names), ...own, ...cells]];
    }),
  };
}

/** How often the easiest target of an image was reached, the average, and the hardest. */
export function targetTable(record: EvaluationRecord): Table {
  const table = {
    id: 'targets',
    caption:
      'Success of targeted attacks, %, with 95 % Wilson intervals over images: the easiest class of each image, the average over classes, the hardest',
    columns: ['best', 'average', 'worst'],
  };
  return tableByAttack(targetedOf(record), table, (attack) => {
    const { best, average, worst } = targetRates(attack);
    return [best, average, worst].map(rateCell);
  });
}

/** Mean distances to the nearest class, to all and to the farthest, where all were reached. */
export function targetDistanceTable(record: EvaluationRecord): Table {
  const table = {
    id: 'target-distances',
    caption:
      'Mean distance of targeted attacks over the images whose targets were all reached: nearest class, average, farthest',
    columns: ['images', 'best', 'average', 'worst'],
  };
  return tableByAttack(targetedOf(record), table, (attack) => {
    const found = targetDistances(attack);
    if (!found) return undefined;
    const { images, best, average, worst } = found;
    return [
      numberCell(images, countText(images)),
      ...[best, average, worst].map((far) => distanceCell(far)),
    ];
  });
}

/** How often an attack asked the model until it had its example, row by row that it succeeded on. */
export const queriesOfWins = (success: readonly boolean[], queries: readonly number[]): number[] =>
  queries.filter((_, row) => success[row]);

/** The value that `share` of the others do not exceed; undefined of none. */
export const quantileOf = (values: readonly number[], share: number): number | undefined =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))];

/** What attacks without gradients of the model had to ask. */
export function queryTable({ attacks }: EvaluationRecord): Table {
  const table = {
    id: 'queries',
    caption:
      'Queries of attacks without gradients of the model, until an example was found: quantiles over the images with one, and the most that any image took',
    columns: ['found', '10 %', 'median', '90 %', 'most'],
  };
  return tableByAttack(
    attacks.filter(({ queries }) => queries !== null),
    table,
    ({ success, queries }) => {
      const asked = queries ?? [];
      const found = queriesOfWins(success, asked);
      const quantiles = [0.1, 0.5, 0.9].map((share) => {
        const value = quantileOf(found, share);
        return value === undefined ? NO_VALUE : numberCell(value, countText(value));
      });
      const most = Math.max(...asked);
      return [
        numberCell(found.length, countText(found.length)),
        ...quantiles,
        numberCell(most, countText(most)),
      ];
    },
  );
}

/** How many examples stay examples with as few levels as an image file has. */
export function levelTable({ attacks, levels = 0 }: EvaluationRecord): Table {
  const table = {
    id: 'levels',
    caption: `Examples whose pixels were rounded to ${countText(levels)} levels, as an image file does, %, with 95 % Wilson intervals over the examples found before`,
    columns: ['found', 'survive'],
  };
  return tableByAttack(
    attacks.filter(({ survived }) => survived !== undefined),
    table,
    ({ survived }) =>
      survived && [numberCell(survived.total, countText(survived.total)), rateCell(survived)],
  );
}

/** The effect of one attack on every model. */
export function attackSummaryTable(record: EvaluationRecord): Table {
  return {
    id: 'attack',
    caption:
      'Accuracy, %, with 95 % Wilson intervals, and the median distance over the images on which the attack succeeded',
    columns: ['model', 'clean', 'under attack', 'median distance', 'images/s'],
    rows: record.attacks.map((attack) => {
      const model = record.models.find(({ name }) => name === attack.model);
      const reached = attack.distance.filter((_, i) => attack.success[i]).sort((a, b) => a - b);
      const median = reached.at(reached.length >> 1);
      const speed = attack.success.length / attack.seconds;
      return [
        textCell(attack.model),
        model ? rateCell(model.accuracy) : NO_VALUE,
        robustCell(record, attack),
        median === undefined ? NO_VALUE : numberCell(median, median.toFixed(3)),
        numberCell(speed, countText(Math.round(speed))),
      ];
    }),
    unreliable: NO_EVIDENCE,
  };
}

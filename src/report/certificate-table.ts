import type { CertificateBudget, CertificateRecord, Decider } from '../certification/index.ts';
import type { EvaluationRecord } from '../evaluation/index.ts';
import { counted } from '../numbers.ts';
import { worstCaseOf } from './record-facts.ts';
import { NO_VALUE, numberCell, rateCell, type Table, textCell } from './table.ts';

const DECIDER_NAMES: Readonly<Record<Decider, string>> = {
  answer: 'wrong answers',
  attack: 'attack',
  interval: 'interval bounds',
  linear: 'linear bounds',
  crown: 'CROWN',
};

/** Such as `interval bounds 912, attack 41`. */
function decidersText({ by }: CertificateBudget): string {
  return Object.entries(DECIDER_NAMES)
    .map(([decider, name]) => ({ name, count: by.filter((one) => one === decider).length }))
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => `${name} ${count}`)
    .join(', ');
}

/** What is proven at each budget: the true robust accuracy lies between its first and last rate. */
export function certificateTable(records: readonly CertificateRecord[]): Table {
  const [{ model, data }] = records;
  const isOne = records.length === 1;
  const whose = isOne ? `${model.name}: robust` : 'Robust';
  return {
    id: 'certificate',
    caption: `${whose} accuracy on ${counted(data.labels.length, 'image')}, %, between what is proven and what attacks leave, with 95 % Wilson intervals`,
    columns: [
      ...(isOne ? [] : ['model']),
      ...['Linf', 'certified', 'open', 'attacked', 'decided by', 'seconds'],
    ],
    rows: records.flatMap((record) =>
      record.budgets.map((budget) => [
        ...(isOne ? [] : [textCell(record.model.name)]),
        numberCell(budget.eps),
        rateCell(budget.certified),
        numberCell(budget.open),
        rateCell(budget.attacked),
        textCell(decidersText(budget)),
        numberCell(budget.seconds, budget.seconds.toFixed(1)),
      ]),
    ),
  };
}

/** What an evaluation proved beside what its attacks left: robust accuracy lies between the two. */
export function boundsTable(record: EvaluationRecord): Table {
  const { certificates = [] } = record;
  const images = Math.max(0, ...certificates.map(({ outcomes }) => outcomes.length));
  return {
    id: 'bounds',
    caption: `Robust accuracy on ${counted(images, 'image')}, %, between what is proven and what attacks leave, with 95 % Wilson intervals`,
    columns: ['model', 'Linf', 'certified', 'open', 'under all attacks', 'seconds'],
    rows: certificates.map(({ model, norm, eps, certified, outcomes, seconds }) => {
      const attacked = worstCaseOf(record, { norm, eps }, model);
      return [
        textCell(model),
        numberCell(eps),
        rateCell(certified),
        numberCell(outcomes.filter((one) => one === 'open').length),
        attacked ? rateCell(attacked) : NO_VALUE,
        numberCell(seconds, seconds.toFixed(1)),
      ];
    }),
  };
}

import type { CertificateBudget, CertificateRecord, Decider } from '../certification/index.ts';
import { counted } from '../numbers.ts';
import { numberCell, rateCell, type Table, textCell } from './table.ts';

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
export function certificateTable({ model, data, budgets }: CertificateRecord): Table {
  return {
    id: 'certificate',
    caption: `${model.name}: robust accuracy on ${counted(data.labels.length, 'image')}, %, between what is proven and what attacks leave, with 95 % Wilson intervals`,
    columns: ['Linf', 'certified', 'open', 'attacked', 'decided by', 'seconds'],
    rows: budgets.map((budget) => [
      numberCell(budget.eps),
      rateCell(budget.certified),
      numberCell(budget.open),
      rateCell(budget.attacked),
      textCell(decidersText(budget)),
      numberCell(budget.seconds, budget.seconds.toFixed(1)),
    ]),
  };
}

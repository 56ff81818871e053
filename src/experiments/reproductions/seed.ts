/**
 * This program's own figures: its default recipe without and with distillation, clean and under PGD at
 * Linf 0.3, on the loss that vanishes and on one that cannot.
 *
 * Published: docs/results.md, seed 1.
 */
import { namedAttacks } from '../../evaluation/index.ts';
import { percent } from '../../numbers.ts';
import {
  accuracyFigure,
  attackIn,
  claimIn,
  claimsOf,
  type Figure,
  hottest,
  type Reproduction,
  rateEstimate,
  subjectAt,
  UNDISTILLED,
} from './reproduction.ts';

const EPS = 0.3;
const STUDENT = subjectAt(40).name;

const underPgd = (loss: 'softmax' | 'margin', undistilled: number, student: number): Figure => ({
  figure: `accuracy under PGD at Linf ${EPS} on the ${loss} loss`,
  unit: 'share',
  published: { [UNDISTILLED]: undistilled, [STUDENT]: student },
  of(record) {
    const attack = attackIn(record, 'pgd', loss);
    return attack && rateEstimate(attack.robust);
  },
});

const CLEAN = accuracyFigure({ [UNDISTILLED]: 0.9936, [STUDENT]: 0.9939 });
const NAIVE = underPgd('softmax', 0.071, 0.983);
const ADAPTIVE = underPgd('margin', 0, 0);

export const seed: Reproduction = {
  citation: 'This program: docs/results.md, the default recipe with seed 1',
  attacks: (_, { classes }) =>
    namedAttacks(
      { names: ['pgd'], losses: ['softmax', 'margin'] },
      { norm: 'Linf', budgets: [EPS], source: '', classes },
    ),
  claims: (subjects) => [CLEAN, NAIVE, ADAPTIVE].flatMap((figure) => claimsOf(figure, subjects)),
  answer(claims) {
    const last = hottest(claims) ?? STUDENT;
    const both = ({ figure }: Figure) =>
      [UNDISTILLED, last]
        .map((model) => {
          const measured = claimIn(claims, figure, model)?.measured;
          return measured ? percent(measured.mean, 1) : 'not measured';
        })
        .join(' and ');
    return `Without and with distillation (${last}): ${both(CLEAN)} of the clean images are right, ${both(NAIVE)} under PGD on the softmax loss, ${both(ADAPTIVE)} under PGD on the margin.`;
  },
  differences: [
    'On another engine or instruction set than the documented one, weights differ by rounding.',
  ],
};

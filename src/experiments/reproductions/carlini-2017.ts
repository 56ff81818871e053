/**
 * Carlini & Wagner 2017, "Towards Evaluating the Robustness of Neural Networks", MNIST: mean distance of
 * their L0, L2 and Linf attacks to the nearest, the average and the farthest wrong class, undistilled
 * and distilled at T = 100; how the L2 distance goes with T.
 *
 * Published: their tables for MNIST, all at 100 % success, and the correlation of -0.05.
 */
import { namedAttacks, type TargetSpread } from '../../evaluation/index.ts';
import { numberText } from '../../numbers.ts';
import type { Claim } from '../../report/index.ts';
import {
  accuracyFigure,
  attackIn,
  claimIn,
  claimsOf,
  distanceOf,
  type Figure,
  type Reproduction,
  subjectAt,
  successOf,
  UNDISTILLED,
} from './reproduction.ts';

const DISTILLED_AT = 100;
const DISTILLED = subjectAt(DISTILLED_AT).name;

type Which = keyof TargetSpread<unknown>;
const WORDS: Readonly<Record<Which, string>> = {
  best: 'nearest',
  average: 'average',
  worst: 'farthest',
};

/** Mean distances to the nearest, the average and the farthest class. */
const NORMS = [
  {
    norm: 'L0',
    attack: 'cw-l0',
    published: { [UNDISTILLED]: [8.5, 16, 33], [DISTILLED]: [10, 19, 36] },
  },
  {
    norm: 'L2',
    attack: 'cw-l2',
    published: { [UNDISTILLED]: [1.36, 1.76, 2.6], [DISTILLED]: [1.7, 2.2, 2.9] },
  },
  {
    norm: 'Linf',
    attack: 'cw-linf',
    published: { [UNDISTILLED]: [0.13, 0.16, 0.23], [DISTILLED]: [0.14, 0.18, 0.25] },
  },
] as const;

const distanceFigure = (norm: string, which: Which) =>
  `${norm} distance to the ${WORDS[which]} class`;

const FIGURES: readonly Figure[] = NORMS.flatMap(({ norm, attack, published }) => [
  {
    figure: `success of ${attack}`,
    unit: 'share' as const,
    published: { [UNDISTILLED]: 1, [DISTILLED]: 1 },
    of: (record) => successOf(attackIn(record, attack)),
  },
  ...(['best', 'average', 'worst'] as const).map(
    (which, at): Figure => ({
      figure: distanceFigure(norm, which),
      unit: 'number',
      published: Object.fromEntries(
        Object.entries(published).map(([model, all]) => [model, all[at]]),
      ),
      of: (record) => distanceOf(attackIn(record, attack), which),
    }),
  ),
]);

/** Standard normal quantile of 95 % intervals. */
const Z = 1.96;
/** Fewer temperatures leave Fisher's interval without meaning. */
const FEWEST_FOR_INTERVAL = 4;

/** Pearson's correlation with Fisher's 95 % interval. */
export function correlation(
  pairs: readonly (readonly [x: number, y: number])[],
): Claim['measured'] {
  const count = pairs.length;
  if (count < FEWEST_FOR_INTERVAL) return null;
  const mean = (of: (pair: readonly [number, number]) => number) =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / count;
  const [mx, my] = [mean(([x]) => x), mean(([, y]) => y)];
  const covariance = mean(([x, y]) => (x - mx) * (y - my));
  const spread = Math.sqrt(mean(([x]) => (x - mx) ** 2) * mean(([, y]) => (y - my) ** 2));
  if (spread === 0) return null;
  const r = Math.min(1, Math.max(-1, covariance / spread));
  const half = Z / Math.sqrt(count - 3);
  return {
    mean: r,
    low: Math.tanh(Math.atanh(r) - half),
    high: Math.tanh(Math.atanh(r) + half),
    count,
  };
}

const CORRELATION = 'correlation of T with the mean L2 distance';

function correlationClaim(claims: readonly Claim[]): Claim[] {
  const measured = correlation(
    claims.flatMap(({ figure, temperature, measured: own }) =>
      figure === distanceFigure('L2', 'average') && temperature !== null && own
        ? [[temperature, own.mean] as const]
        : [],
    ),
  );
  if (measured === null) return [];
  const whole = { model: 'all temperatures', temperature: null, unit: 'number' as const };
  return [{ figure: CORRELATION, ...whole, published: -0.05, measured }];
}

export const carlini2017: Reproduction = {
  citation:
    'Carlini, Wagner 2017: Towards Evaluating the Robustness of Neural Networks (arXiv 1608.04644)',
  attacks({ temperature }, { classes }) {
    const target = 'every' as const;
    const scope = { budgets: [], source: '', classes };
    const l2 = namedAttacks(
      {
        names: ['cw-l2'],
        target,
        // As in the preset `paper`: fewer and larger steps than the defaults.
        settings: [
          { option: 'steps', values: [300] },
          { option: 'searches', values: [8] },
          { option: 'learningRate', values: [0.03] },
          { option: 'initialC', values: [0.01] },
        ],
      },
      { ...scope, norm: 'L2' },
    );
    // Between the two that have tables, temperatures are only for the correlation.
    if (temperature !== null && temperature !== DISTILLED_AT) return l2;
    return [
      ...namedAttacks({ names: ['cw-l0'], target }, { ...scope, norm: 'L0' }),
      ...l2,
      ...namedAttacks({ names: ['cw-linf'], target }, { ...scope, norm: 'Linf' }),
    ];
  },
  claims(subjects) {
    const claims = FIGURES.flatMap((figure) => claimsOf(figure, subjects));
    return [...claims, ...correlationClaim(claims), ...claimsOf(accuracyFigure(), subjects)];
  },
  answer(claims) {
    const far = (norm: string, model: string) => {
      const measured = claimIn(claims, distanceFigure(norm, 'average'), model)?.measured;
      return measured ? numberText(measured.mean) : 'not measured';
    };
    const parts = NORMS.map(
      ({ norm }) => `${norm} ${far(norm, UNDISTILLED)} without and ${far(norm, DISTILLED)} with`,
    );
    return `The mean distance to a wrong class without distillation and with it at T = ${DISTILLED_AT}: ${parts.join(', ')}; published ${NORMS.map(({ norm, published }) => `${norm} ${published[UNDISTILLED][1]} and ${published[DISTILLED][1]}`).join(', ')}.`;
  },
  differences: [
    'The networks are trained as Papernot et al. 2016 trained theirs; the authors trained with a learning rate of 0.01 that halves.',
    'Here 5,000 of the 60,000 training images are kept for validation.',
    'cw-l2 takes 8 searches of 300 steps of 0.03, fewer and larger ones than the authors’; the pages of docs/attacks say how cw-l0 and cw-linf differ from their code.',
    'Distances are means over the images whose nine classes were all reached.',
  ],
};

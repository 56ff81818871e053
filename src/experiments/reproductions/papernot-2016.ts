/**
 * Papernot, McDaniel, Wu, Jha & Swami 2016, "Distillation as a Defense to Adversarial Perturbations
 * against Deep Neural Networks", MNIST: JSMA within 14.29 % of the features toward every wrong class,
 * undistilled and by temperature; accuracy and the size of gradients by temperature. Beside it JSMA on
 * softmax(Z / T) of Carlini & Wagner 2016, "Defensive Distillation is Not Robust to Adversarial Examples".
 *
 * Published: 95.89 % undistilled in the paper; 91, 24 and 0.5 % by temperature as Carlini & Wagner 2017
 * quote it; about 95 % with about 36 features of 784 on softmax(Z / T).
 */
import { medianGap, namedAttacks } from '../../evaluation/index.ts';
import { percent } from '../../numbers.ts';
import {
  accuracyFigure,
  attackIn,
  claimIn,
  claimsOf,
  type Figure,
  hottest,
  meanEstimate,
  type Reproduction,
  rateEstimate,
  subjectAt,
  successOf,
  UNDISTILLED,
} from './reproduction.ts';

/** 112 of 784. */
const SHARE_OF_FEATURES = 0.1429;
const HOTTEST = subjectAt(100).name;

const NAIVE: Figure = {
  figure: 'success of JSMA on the softmax output',
  unit: 'share',
  published: {
    [UNDISTILLED]: 0.9589,
    [subjectAt(1).name]: 0.91,
    [subjectAt(5).name]: 0.24,
    [HOTTEST]: 0.005,
  },
  of: (record) => successOf(attackIn(record, 'jsma', 'softmax')),
};

const ADAPTIVE: Figure = {
  figure: 'success of JSMA on softmax(Z / T)',
  unit: 'share',
  published: { [HOTTEST]: 0.95 },
  of: (record) => successOf(attackIn(record, 'jsma', 'temperature')),
};

const FIGURES: readonly Figure[] = [
  NAIVE,
  ADAPTIVE,
  {
    figure: 'features changed by JSMA on softmax(Z / T), mean of its successes',
    unit: 'number',
    published: { [HOTTEST]: 36 },
    of(record) {
      const attack = attackIn(record, 'jsma', 'temperature');
      return attack && meanEstimate(attack.distance.filter((_, row) => attack.success[row]));
    },
  },
  accuracyFigure(),
  {
    figure: 'images whose softmax-loss gradient is exactly zero',
    unit: 'share',
    of: ({ models: [{ gradients }] }) => {
      const softmax = gradients.find(({ loss }) => loss === 'softmax');
      return softmax && rateEstimate(softmax.zero);
    },
  },
  {
    figure: 'log10 of the largest softmax-loss gradient, mean of the images where it is not zero',
    unit: 'number',
    of: ({ models: [{ gradients }] }) => {
      const softmax = gradients.find(({ loss }) => loss === 'softmax');
      const sizes = softmax?.largest.filter((size) => size > 0) ?? [];
      return meanEstimate(sizes.map(Math.log10));
    },
  },
  {
    figure: 'median gap between the two largest logits',
    unit: 'number',
    of: ({ models: [{ gaps }] }) => {
      const gap = medianGap(gaps);
      return { mean: gap, low: gap, high: gap };
    },
  },
];

export const papernot2016: Reproduction = {
  citation:
    'Papernot, McDaniel, Wu, Jha, Swami 2016: Distillation as a Defense to Adversarial Perturbations against Deep Neural Networks (arXiv 1511.04508)',
  attacks: (_, { classes, shape: [height, width, channels] }) =>
    namedAttacks(
      { names: ['jsma'], losses: ['softmax', 'temperature'], target: 'every' },
      {
        norm: 'L0',
        budgets: [Math.floor(SHARE_OF_FEATURES * height * width * channels)],
        source: '',
        classes,
      },
    ),
  claims: (subjects) => FIGURES.flatMap((figure) => claimsOf(figure, subjects)),
  answer(claims) {
    const last = hottest(claims);
    if (last === undefined) return 'No distilled network was measured that had learned its task.';
    const of = ({ figure }: Figure, model: string) => claimIn(claims, figure, model)?.measured;
    const text = (figure: Figure, model: string) => {
      const measured = of(figure, model);
      return measured ? percent(measured.mean, 1) : 'not measured';
    };
    const [before, naive, adaptive] = [of(NAIVE, UNDISTILLED), of(NAIVE, last), of(ADAPTIVE, last)];
    const isStopped = before && naive && naive.high < before.low;
    const isBack = naive && adaptive && adaptive.low > naive.high;
    const meaning =
      isStopped && isBack
        ? 'distillation stops the attack by its gradients, not by robustness'
        : 'too few images, or too short a training, to tell these apart';
    return `JSMA on the softmax output succeeds on ${text(NAIVE, UNDISTILLED)} of the targets without distillation and on ${text(NAIVE, last)} at ${last}; on softmax(Z / T) of the same model it succeeds on ${text(ADAPTIVE, last)}: ${meaning}.`;
  },
  differences: [
    'The paper gives no seeds or initial weights, and sources quote a momentum of 0.5 or of 0.9; here it is 0.5.',
    'Here 5,000 of the 60,000 training images are kept for validation.',
    'The paper reports gradients of the softmax outputs, reduced by a factor of 10^30; here they are those of the cross-entropy on them in float32, where they end at zero.',
    'Published success by temperature is as Carlini & Wagner 2017 quote it; JSMA on softmax(Z / T) is from Carlini & Wagner 2016, in about.',
  ],
};

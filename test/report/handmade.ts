/** A small record written by hand: every number in it can be checked by counting. */
import type { LossName } from '../../src/attacks/index.ts';
import {
  type AttackRecord,
  type EvaluationRecord,
  type ModelRecord,
  packImages,
  rateOf,
} from '../../src/evaluation/index.ts';

const times = <T>(count: number, value: T): T[] => new Array<T>(count).fill(value);

/** Gradients of a loss with so many wrong signs of eight, all of them on the first image. */
const gradientsOf = (loss: LossName, largest: number[], wrong: number) => ({
  loss,
  zero: rateOf(largest.filter((one) => one === 0).length, 8),
  wrongSigns: rateOf(wrong, 8),
  largest,
  wrongPixels: [wrong, ...times(7, 0)],
});

const answers = {
  unstable: rateOf(0, 8),
  insensitive: rateOf(0, 8),
  probabilities: rateOf(0, 8),
  repeated: times(8, true),
};

/** Eight images of three classes. */
const labels = [0, 0, 1, 1, 1, 2, 2, 2];

/** Wrong on images 1 (a 0, predicted 1) and 4 (a 1, predicted 2). */
const base: ModelRecord = {
  name: 'base',
  folder: 'models/base',
  digest: 'd1',
  temperature: 1,
  predicted: [0, 1, 1, 1, 2, 2, 2, 2],
  accuracy: rateOf(6, 8),
  perClass: [rateOf(1, 2), rateOf(2, 3), rateOf(3, 3)],
  confusion: [
    [1, 1, 0],
    [0, 2, 1],
    [0, 0, 3],
  ],
  answers,
  gradients: [gradientsOf('softmax', times(8, 0.005), 2), gradientsOf('margin', times(8, 5), 1)],
  gradientTruth: [],
  gaps: [...times(5, 2.5), ...times(3, 5)],
  examples: { confidence: [0.9, 0.8, 0.7, 0.6] },
};

/** Wrong on image 7 alone (a 2, predicted 0). */
const hard: ModelRecord = {
  name: 'hard',
  folder: 'models/hard',
  digest: 'd2',
  temperature: 20,
  predicted: [0, 0, 1, 1, 1, 2, 2, 0],
  accuracy: rateOf(7, 8),
  perClass: [rateOf(2, 2), rateOf(3, 3), rateOf(2, 3)],
  confusion: [
    [2, 0, 0],
    [0, 3, 0],
    [1, 0, 2],
  ],
  answers,
  gradients: [
    gradientsOf('softmax', [...times(6, 0), 5e-9, 5e-9], 7),
    gradientsOf('margin', times(8, 50), 0),
  ],
  gradientTruth: [],
  gaps: times(8, 40),
  examples: { confidence: [0.99, 0.98, 0.97, 0.96] },
};

const common = {
  options: {},
  source: null,
  forwards: 8,
  backwards: 8,
  seconds: 4,
  target: null,
  targets: null,
  queries: null,
  unverified: 0,
};
const allLegal = (rows: number) => new Array<boolean>(rows).fill(true);
const positions = [0, 1, 2, 3, 4, 5, 6, 7];
/** Images of two pixels. */
const images = (...pixels: number[]) => packImages(Float32Array.from(pixels, (v) => v / 255));
const original = [0, 255, 51, 102, 153, 204, 102, 51];

/** Fools base on images 0 and 2, never hard. */
const naive = (model: 'base' | 'hard', eps: number): AttackRecord => ({
  ...common,
  budget: 'fixed',
  model,
  attack: 'fgsm',
  norm: 'Linf',
  eps,
  loss: 'softmax',
  robust: model === 'base' ? rateOf(4, 8) : rateOf(7, 8),
  positions,
  predicted: model === 'base' ? [2, 1, 0, 1, 2, 2, 2, 2] : hard.predicted,
  distance: new Array<number>(8).fill(eps),
  success: positions.map((i) => model === 'base' && (i === 0 || i === 2)),
  legal: allLegal(8),
  examples: {
    images: images(...original.map((v, i) => (i === 0 ? v + 51 : i === 5 ? v - 102 : v))),
    confidence: [0.5, 0.55, 0.65, 0.75],
  },
});

/** Leaves image 6 of base at the small budget, and of hard images 0, 5 and 6; nothing at the large. */
const strong = (model: 'base' | 'hard', eps: number): AttackRecord => {
  const isLarge = eps > 0.1;
  const kept = isLarge ? [] : model === 'base' ? [6] : [0, 5, 6];
  const clean = model === 'base' ? base.predicted : hard.predicted;
  const success = positions.map((i) => clean[i] === labels[i] && !kept.includes(i));
  return {
    ...common,
    budget: 'fixed',
    model,
    attack: 'pgd',
    norm: 'Linf',
    eps,
    loss: 'margin',
    options: { steps: 100, stepSize: (2.5 * eps) / 100, restarts: 1, sparsity: 0.05 },
    robust: rateOf(kept.length, 8),
    positions,
    predicted: positions.map((i) => (success[i] ? (labels[i] + 1) % 3 : clean[i])),
    distance: new Array<number>(8).fill(eps),
    success,
    legal: allLegal(8),
    examples: { images: images(...original), confidence: [0.4, 0.45, 0.35, 0.3] },
  };
};

/** Finds an adversarial image for all but image 6; the distances are in no order. */
const minimal: AttackRecord = {
  ...common,
  budget: 'minimal',
  model: 'base',
  attack: 'deepfool',
  norm: 'L2',
  eps: null,
  loss: null,
  robust: rateOf(1, 8),
  positions,
  predicted: [1, 1, 0, 0, 2, 1, 2, 1],
  distance: [5, 0, 3, 1, 0, 4, 0.5, 2],
  success: [true, true, true, true, true, true, false, true],
  legal: allLegal(8),
};

/** Two targets for each of images 0, 2 and 5: both, one and none of them reached. */
const targeted: AttackRecord = {
  ...common,
  budget: 'fixed',
  model: 'hard',
  attack: 'cw-linf',
  norm: 'Linf',
  eps: 0.2,
  loss: 'margin',
  target: 'every',
  robust: rateOf(1, 3),
  positions: [0, 0, 2, 2, 5, 5],
  targets: [1, 2, 0, 2, 0, 1],
  predicted: [1, 2, 0, 1, 2, 2],
  distance: [0.125, 0.0625, 0.2, 0.2, 0.2, 0.2],
  success: [true, true, true, false, false, false],
  legal: allLegal(6),
};

const worstCase = (model: string, eps: number, hits: number) => ({
  model,
  norm: 'Linf' as const,
  eps,
  ...rateOf(hits, 8),
});

export const handmade: EvaluationRecord = {
  schema: 'distill-record/4',
  program: 'distill test',
  command: ['evaluate', '--out', "it's here"],
  startedAt: '2001-02-03T04:05:06.000Z',
  seconds: 12.34,
  seed: 7,
  configuration: { preset: null, samples: 8 },
  versions: { node: '20.0.0' },
  engine: { name: 'cpu', instructionSet: 'javascript', threads: 1 },
  data: {
    name: 'dots',
    digest: 'd0',
    indices: [10, 11, 12, 13, 14, 15, 16, 17],
    labels,
    examples: { shape: [1, 2, 1], images: images(...original) },
  },
  models: [base, hard],
  attacks: [
    naive('base', 0.1),
    naive('hard', 0.1),
    naive('base', 0.3),
    naive('hard', 0.3),
    strong('base', 0.1),
    strong('hard', 0.1),
    strong('base', 0.3),
    strong('hard', 0.3),
    minimal,
    targeted,
  ],
  worstCases: [
    worstCase('base', 0.1, 1),
    worstCase('base', 0.3, 0),
    worstCase('hard', 0.1, 3),
    worstCase('hard', 0.3, 0),
  ],
  tests: [
    {
      kind: 'mcnemar',
      metric: 'accuracy',
      first: 'base',
      second: 'hard',
      onlyFirst: 1,
      onlySecond: 2,
      p: 0.03,
      holm: 0.06,
    },
    {
      kind: 'mcnemar',
      metric: 'robust accuracy (Linf 0.3)',
      first: 'base',
      second: 'hard',
      onlyFirst: 0,
      onlySecond: 4,
      p: 0.00001,
      holm: 0.00002,
    },
  ],
  flags: [
    {
      code: 'vanished-gradients',
      model: 'hard',
      severity: 'serious',
      value: 0.875,
      threshold: 0.5,
      advice: 'attack with the margin loss',
    },
    {
      code: 'logit-scale',
      model: 'hard',
      severity: 'note',
      value: 12.345,
      threshold: 5,
      advice: 'compare models by attacks whose loss has no scale',
    },
  ],
  verdicts: [
    {
      model: 'base',
      norm: 'Linf',
      eps: 0.3,
      ruling: 'broken',
      settled: true,
      rate: rateOf(0, 8),
      evidence: [{ code: 'repeatable', met: false, detail: 'which takes nothing back' }],
      reason: 'robust accuracy (Linf 0.3) at most 0.00 %',
      request: null,
    },
    {
      model: 'hard',
      norm: 'Linf',
      eps: 0.1,
      ruling: 'bounded',
      settled: true,
      rate: rateOf(3, 8),
      evidence: [{ code: 'repeatable', met: true, detail: 'they do' }],
      reason: 'robust accuracy (Linf 0.1) at most 37.50 %',
      request: null,
    },
    {
      model: 'hard',
      norm: 'Linf',
      eps: 0.3,
      ruling: 'open',
      settled: false,
      rate: rateOf(0, 8),
      evidence: [
        { code: 'gradient-free', met: false, detail: 'square not run' },
        { code: 'repeatable', met: true, detail: 'they do' },
      ],
      reason: 'not seen: gradient-free',
      request: {
        model: 'models/hard',
        attacks: { preset: 'standard' },
        data: null,
        norm: 'Linf',
        eps: [0.3],
        samples: 8,
        seed: 7,
      },
    },
  ],
  gates: [
    {
      gate: 'hard: accuracy >= 0.9',
      model: 'hard',
      metric: 'accuracy',
      value: 0.875,
      comparison: '>=',
      threshold: 0.9,
      unit: 'share',
      on: 'estimate',
      met: false,
    },
    {
      gate: 'base: accuracy >= 0.7',
      model: 'base',
      metric: 'accuracy',
      value: 0.75,
      comparison: '>=',
      threshold: 0.7,
      unit: 'share',
      on: 'estimate',
      met: true,
    },
  ],
};

/**
 * Records made from the hand-made one that together reach every section, table, kind of chart and
 * branch of a report.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AttackRecord,
  type EvaluationRecord,
  type ModelRecord,
  packImages,
  rateOf,
} from '../../src/evaluation/index.ts';
import { type EpochRecord, type Network, saveModel, weightSpecs } from '../../src/models/index.ts';
import { HANDMADE_CARD } from '../models/handmade-card.ts';
import { handmade } from './handmade.ts';

const bytes = (...values: number[]) => packImages(Float32Array.from(values, (v) => v / 255));

/** Four images of two RGB pixels. */
const ORIGINAL = [
  ...[0, 0, 0, 255, 255, 255],
  ...[51, 0, 0, 0, 51, 0],
  ...[0, 0, 51, 102, 102, 102],
  ...[204, 153, 102, 51, 102, 153],
];
/** Left pixel of image 0 redder, right one of image 2 darker, both of image 3 changed. */
const ATTACKED = [
  ...[51, 0, 0, 255, 255, 255],
  ...[51, 0, 0, 0, 51, 0],
  ...[0, 0, 51, 51, 51, 51],
  ...[255, 153, 102, 51, 102, 51],
];

const [base, hard] = handmade.models;
/** Without examples, logit gaps and a second loss; wrong on images 0, 3 and 7. */
const plain: ModelRecord = {
  name: 'plain',
  folder: 'models/plain',
  digest: 'd3',
  temperature: 1,
  predicted: [2, 0, 1, 0, 1, 2, 2, 1],
  accuracy: rateOf(5, 8),
  perClass: [rateOf(1, 2), rateOf(2, 3), rateOf(2, 3)],
  confusion: [
    [1, 0, 1],
    [1, 2, 0],
    [0, 1, 2],
  ],
  answers: base.answers,
  // No gradient is zero, but most signs are wrong.
  gradients: base.gradients.slice(0, 1).map((one) => ({
    ...one,
    wrongSigns: rateOf(5, 8),
    wrongPixels: [5, 0, 0, 0, 0, 0, 0, 0],
  })),
  gradientTruth: [],
  gaps: [],
};

const attackOf = (name: string, model: string, eps: number | null): AttackRecord => {
  const found = handmade.attacks.find(
    (one) => one.attack === name && one.model === model && one.eps === eps,
  );
  if (!found) throw new Error(`no ${name} on ${model}`);
  return found;
};
/** The attack with its images in color. */
const inColor = (attack: AttackRecord): AttackRecord =>
  attack.examples
    ? { ...attack, examples: { ...attack.examples, images: bytes(...ATTACKED) } }
    : attack;
const strong = (model: 'base' | 'hard', eps: number) => attackOf('pgd', model, eps);
const targeted = attackOf('cw-linf', 'hard', 0.2);
const minimal = attackOf('deepfool', 'base', null);

const withoutExamples = ({ examples, ...attack }: AttackRecord): AttackRecord => attack;

/** Gradients of another model, against the hard one. */
const transfer = (source: string, hits: number): AttackRecord => ({
  ...withoutExamples(strong('hard', 0.1)),
  budget: 'fixed',
  eps: 0.1,
  attack: 'transfer',
  source,
  loss: source === 'base' ? 'margin' : 'softmax',
  options: { steps: 40, stepSize: 0.00625, decay: 1 },
  robust: rateOf(hits, 8),
});

const complete: EvaluationRecord = {
  ...handmade,
  data: { ...handmade.data, examples: { shape: [1, 2, 3], images: bytes(...ORIGINAL) } },
  configuration: { preset: null, samples: 8, norm: 'Linf', verbose: false },
  models: [base, hard, plain],
  attacks: [
    // The larger budget first: tables, charts and cards sort.
    ...[0.3, 0.1].flatMap((eps) => [attackOf('fgsm', 'base', eps), attackOf('fgsm', 'hard', eps)]),
    ...[0.1, 0.3].flatMap((eps) => [strong('base', eps), strong('hard', eps)]),
    // Differs from the one above in its options alone.
    {
      ...withoutExamples(strong('hard', 0.1)),
      options: { ...strong('hard', 0.1).options, steps: 50, stepSize: 0.005 },
      robust: rateOf(5, 8),
    },
    // Faster than the others. Fewer examples than they have: left out of the cards.
    {
      ...strong('base', 0.1),
      budget: 'fixed' as const,
      eps: 1,
      norm: 'L2' as const,
      loss: 'dlr' as const,
      seconds: 0.004,
      robust: rateOf(2, 8),
      examples: { images: bytes(...ATTACKED.slice(0, 6)), confidence: [0.5] },
    },
    // An enormous eps, and a loss without a choice.
    {
      ...withoutExamples(strong('hard', 0.3)),
      budget: 'fixed' as const,
      attack: 'square',
      eps: 1,
      loss: null,
      options: { queries: 1000, area: 0.8 },
    },
    {
      ...withoutExamples(strong('hard', 0.3)),
      attack: 'square',
      loss: null,
      options: { queries: 1000, area: 0.8 },
      legal: [true, true, true, true, true, true, true, false],
      robust: rateOf(2, 8),
      unverified: 1,
    },
    transfer('base', 6),
    transfer('plain', 4),
    minimal,
    {
      ...minimal,
      model: 'hard',
      success: minimal.success.map((_, i) => i < 2),
      robust: rateOf(5, 8),
    },
    { ...minimal, model: 'plain', success: minimal.success.map(() => false), robust: rateOf(5, 8) },
    targeted,
    { ...targeted, budget: 'minimal' as const, eps: null, norm: 'L0' as const, attack: 'jsma' },
    {
      ...withoutExamples(strong('base', 0.1)),
      target: 1,
      targets: handmade.data.labels.map(() => 1),
      loss: null,
    },
  ].map(inColor),
  worstCases: [
    ...handmade.worstCases,
    { model: 'base', norm: 'L2', eps: 1, ...rateOf(2, 8) },
    { model: 'plain', norm: 'Linf', eps: 0.1, ...rateOf(5, 8) },
  ],
  verdicts: [
    ...handmade.verdicts,
    {
      model: 'plain',
      norm: null,
      eps: null,
      ruling: 'open',
      settled: false,
      rate: null,
      evidence: [],
      reason: 'no attack was run on it',
      request: null,
    },
  ],
};

const NETWORK: Network = {
  architecture: 'linear',
  inputShape: [1, 2, 3],
  classes: 3,
  layers: [
    { kind: 'flatten', name: 'flatten' },
    { kind: 'dense', name: 'logits', units: 3, bias: true, activation: 'linear' },
  ],
};

const epoch = (n: number, loss: number | null, accuracy: number): EpochRecord => ({
  epoch: n,
  loss,
  trainAccuracy: accuracy,
  validationAccuracy: accuracy - 0.05,
  learningRate: 0.1,
});

/** Saves a model of one 2 x 2 gray image, 15 parameters, in three classes. */
export const savedGrayModel = (folder: string) => {
  const network = { ...NETWORK, inputShape: [2, 2, 1] as const };
  return saveModel(
    folder,
    network,
    1,
    weightSpecs(network).map(({ shape, ...spec }) => ({
      spec: { ...spec, shape },
      // Class c adds the pixels times c.
      values: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
        shape.length === 2 ? i % 3 : 0,
      ),
    })),
    HANDMADE_CARD,
  );
};

/** Saves a small model in a folder. */
const saved = (folder: string, temperature: number, history: readonly EpochRecord[]) =>
  saveModel(
    folder,
    NETWORK,
    temperature,
    weightSpecs(NETWORK).map((spec) => ({
      spec,
      values: Float32Array.from(
        { length: spec.shape.reduce((a, b) => a * b, 1) },
        (_, i) => temperature * (i % 5),
      ),
    })),
    {
      ...HANDMADE_CARD,
      role: temperature === 1 ? 'baseline' : 'student',
      settings: { epochs: history.length, augment: true, decay: null, optimizer: 'sgd' },
      history: [...history],
    },
  );

/** The record with everything, its first two models in folders of their own below `home`. */
export async function completeRecord(): Promise<{ record: EvaluationRecord; home: string }> {
  const home = await mkdtemp(join(tmpdir(), 'distill-golden-'));
  const folders = { base: join(home, 'base'), hard: join(home, 'hard') };
  // Another model than the record's: it is left out of curves and playground.
  await saved(join(home, 'plain'), 5, [epoch(1, 1, 0.5)]);
  const cards = {
    base: await saved(folders.base, 1, [epoch(1, 1.25, 0.75), epoch(2, null, 0.875)]),
    hard: await saved(folders.hard, 20, [epoch(1, 2, 0.8), epoch(2, 1, 0.85), epoch(3, 0.5, 0.95)]),
  };
  const models = complete.models.map((model) =>
    model.name === 'base' || model.name === 'hard'
      ? { ...model, folder: folders[model.name], digest: cards[model.name].digest }
      : { ...model, folder: join(home, model.name) },
  );
  return { record: { ...complete, models }, home };
}

/** One model of gray images, its attacks in two records; no tests, flags or gates. */
export const oneModelParts: readonly EvaluationRecord[] = [0.1, 0.3].map((eps) => ({
  ...handmade,
  command: ['evaluate', '--eps', String(eps)],
  models: [hard],
  attacks: handmade.attacks.filter((attack) => attack.model === 'hard' && attack.eps === eps),
  worstCases: [],
  tests: [],
  flags: [],
  verdicts: [],
  gates: [],
}));

/** A model that was not attacked, without images. */
export const unattacked: EvaluationRecord = {
  ...handmade,
  data: { ...handmade.data, examples: undefined },
  models: [plain],
  attacks: [],
  worstCases: [],
  tests: [],
  flags: [],
  verdicts: [],
  gates: [],
};

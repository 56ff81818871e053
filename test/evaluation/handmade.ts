/** Small records made by hand, so that tests can expect exact numbers. */
import { LOSSES } from '../../src/attacks/index.ts';
import {
  type AttackBudget,
  type AttackRecord,
  conclude,
  type EvaluationRecord,
  type ModelRecord,
  type Rate,
  RECORD_SCHEMA,
  rateOf,
} from '../../src/evaluation/index.ts';
import { provenance } from './provenance.ts';

/** A rate that is exactly `value`, which counts need not be able to give. */
export const exactRate = (value: number): Rate => ({ ...rateOf(0, 100), rate: value });

/** A model that is right on every one of `labels`, or gives `predicted`. */
export function modelRecord(
  name: string,
  labels: readonly number[],
  changes: Partial<ModelRecord> = {},
): ModelRecord {
  const hits = labels.filter((label, i) => (changes.predicted ?? labels)[i] === label).length;
  const none = rateOf(0, labels.length);
  return {
    name,
    folder: `models/${name}`,
    digest: name,
    temperature: 1,
    predicted: [...labels],
    accuracy: rateOf(hits, labels.length),
    perClass: [],
    confusion: Array.from({ length: 10 }, () => new Array<number>(10).fill(0)),
    answers: {
      unstable: none,
      insensitive: none,
      probabilities: none,
      repeated: labels.map(() => true),
    },
    gradients: LOSSES.map((loss) => ({
      loss,
      zero: none,
      wrongSigns: none,
      largest: labels.map(() => 1),
      wrongPixels: labels.map(() => 0),
    })),
    gaps: labels.map(() => 1),
    gradientTruth: [],
    ...changes,
  };
}

type AttackChanges = Partial<Omit<AttackRecord, 'budget' | 'eps'>>;

/** An attack on the first images, one row each, that succeeds where `success` says. */
export function attackOn(
  model: string,
  success: readonly boolean[],
  budget: AttackBudget,
  changes: AttackChanges = {},
): AttackRecord {
  const failed = success.filter((won) => !won).length;
  return {
    model,
    attack: 'pgd',
    norm: 'Linf',
    loss: 'margin',
    options: {},
    source: null,
    forwards: 0,
    backwards: 0,
    seconds: 1,
    target: null,
    robust: rateOf(failed, success.length),
    positions: success.map((_, i) => i),
    targets: null,
    predicted: success.map(() => 0),
    distance: success.map(() => budget.eps ?? 1),
    success: [...success],
    legal: success.map(() => true),
    queries: null,
    unverified: 0,
    ...changes,
    ...budget,
  };
}

export const within = (eps: number): AttackBudget => ({ budget: 'fixed', eps });
export const smallest: AttackBudget = { budget: 'minimal', eps: null };

/** The first `won` of `total` rows succeed. */
export const firstOf = (won: number, total: number): boolean[] =>
  Array.from({ length: total }, (_, i) => i < won);

/** A record of these measurements with everything that follows from them. */
export function recordOf(
  models: readonly ModelRecord[],
  attacks: readonly AttackRecord[],
  changes: Partial<
    Pick<EvaluationRecord, 'configuration' | 'seed' | 'failures' | 'certificates'>
  > & {
    readonly labels?: readonly number[];
  } = {},
): EvaluationRecord {
  const { labels = models[0].predicted, ...rest } = changes;
  return conclude({
    schema: RECORD_SCHEMA,
    ...provenance,
    seconds: 1,
    seed: 1,
    data: {
      name: 'handmade/test',
      digest: 'data',
      indices: labels.map((_, i) => i),
      labels: [...labels],
    },
    models: [...models],
    attacks: [...attacks],
    ...rest,
  });
}

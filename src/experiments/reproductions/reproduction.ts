/** What the reproduction of a paper is: one file each, which holds its protocol and its figures. */
import type { Dataset } from '../../data/index.ts';
import {
  type AttackRecord,
  type EvaluationRecord,
  type PlannedAttack,
  type Rate,
  type TargetSpread,
  targetDistanceSamples,
  targetRates,
} from '../../evaluation/index.ts';
import type { Claim } from '../../report/index.ts';
import { type SeedInterval, seedInterval } from '../seed-interval.ts';

/** A model of a reproduction. */
export interface Subject {
  readonly name: string;
  /** Of distillation; null for the undistilled model. */
  readonly temperature: number | null;
}

/** A model with the records of its seeds. */
export interface MeasuredSubject extends Subject {
  readonly records: readonly EvaluationRecord[];
}

export interface Reproduction {
  readonly citation: string;
  /** The attacks that the protocol runs on a model. */
  attacks(subject: Subject, data: Pick<Dataset, 'classes' | 'shape'>): PlannedAttack[];
  /** The figures, each figure's models one after the other. */
  claims(subjects: readonly MeasuredSubject[]): Claim[];
  /** The answer in one sentence. */
  answer(claims: readonly Claim[]): string;
  /** What is known not to be as it was published. */
  readonly differences: readonly string[];
}

/** An estimate from one record, with its interval over images; undefined where there is none. */
type Estimate = Omit<SeedInterval, 'count'> | undefined;

/** A figure of every model that has one. */
export interface Figure {
  readonly figure: string;
  readonly unit: Claim['unit'];
  /** By the model's name. */
  readonly published?: Readonly<Record<string, number>>;
  of(record: EvaluationRecord): Estimate;
}

/** Over several seeds the interval is that of their mean; of one seed, that over its images. */
function overSeeds(estimates: readonly Estimate[]): Claim['measured'] {
  const found = estimates.flatMap((one) => one ?? []);
  if (found.length === 0) return null;
  if (found.length === 1) return { ...found[0], count: 1 };
  return seedInterval(found.map(({ mean }) => mean));
}

/** The claims of a figure, a model a claim; none of models that were not measured for it. */
export function claimsOf(
  { figure, unit, published = {}, of }: Figure,
  subjects: readonly MeasuredSubject[],
): Claim[] {
  return subjects.flatMap(({ name, temperature, records }) => {
    const measured = overSeeds(records.map(of));
    const own = published[name] ?? null;
    if (measured === null && own === null) return [];
    return [{ figure, model: name, temperature, unit, published: own, measured }];
  });
}

/** A rate with its interval over images. */
export const rateEstimate = ({ rate, low, high }: Rate): Estimate => ({ mean: rate, low, high });

/** The mean of values with its interval (Student's t). */
export const meanEstimate = (values: readonly number[]): Estimate =>
  values.length === 0 ? undefined : seedInterval(values);

/** The attack of a record that is meant, if it was run. */
export const attackIn = (
  { attacks }: EvaluationRecord,
  name: string,
  loss?: string,
): AttackRecord | undefined =>
  attacks.find((one) => one.attack === name && (loss === undefined || one.loss === loss));

const ACCURACY = 'accuracy on clean test images';

export const accuracyFigure = (published: Figure['published'] = {}): Figure => ({
  figure: ACCURACY,
  unit: 'share',
  published,
  of: ({ models: [{ accuracy }] }) => rateEstimate(accuracy),
});

/** How often a targeted attack reaches its class, over all classes. */
export const successOf = (attack: AttackRecord | undefined): Estimate =>
  attack && rateEstimate(targetRates(attack).average);

/** The mean distance to one of an image's classes, over the images whose classes were all reached. */
export const distanceOf = (
  attack: AttackRecord | undefined,
  which: keyof TargetSpread<unknown>,
): Estimate => attack && meanEstimate(targetDistanceSamples(attack)[which]);

/** The claim of a figure about a model. */
export const claimIn = (
  claims: readonly Claim[],
  figure: string,
  model: string,
): Claim | undefined => claims.find((one) => one.figure === figure && one.model === model);

/** The subject at a temperature; null: the undistilled one. */
export const subjectAt = (temperature: number | null): Subject => ({
  name: temperature === null ? UNDISTILLED : `T = ${temperature}`,
  temperature,
});

export const UNDISTILLED = 'undistilled';

/** Of the undistilled model's accuracy: with less, a network has not learned its task. */
const LEARNED = 0.9;

/** The accuracy of the distilled models whose training led to nothing: attacks on them say nothing. */
export function unlearned(claims: readonly Claim[]): Claim[] {
  const whole = claimIn(claims, ACCURACY, UNDISTILLED)?.measured?.mean ?? 0;
  return claims.filter(
    ({ figure, measured }) => figure === ACCURACY && (measured?.mean ?? 1) < LEARNED * whole,
  );
}

/** The model of the highest temperature that has learned its task; undefined without one. */
export function hottest(claims: readonly Claim[]): string | undefined {
  const failed = new Set(unlearned(claims).map(({ model }) => model));
  return claims
    .filter(({ figure, temperature, measured }) => figure === ACCURACY && temperature && measured)
    .filter(({ model }) => !failed.has(model))
    .reduce<Claim | undefined>(
      (most, one) => ((one.temperature ?? 0) > (most?.temperature ?? 0) ? one : most),
      undefined,
    )?.model;
}

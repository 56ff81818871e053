/** The record of `certify` by randomized smoothing; `docs/file-formats.md` describes it. */
import { z } from 'zod';
import { range } from '../arrays.ts';
import { parseRecordText } from './record-text.ts';
import { engineFields, provenanceFields, rateOf, rateSchema } from './records.ts';
import { largestRadius, MOST_DRAWS, type SmoothedAnswer } from './smoothing.ts';

export const SMOOTHING_SCHEMA = 'distill-smoothing/1';

const count = z.int().min(0);
const share = z.number().min(0).max(1);
const radius = z.number().min(0);

export const answerSchema = z.strictObject({
  predicted: count,
  hits: count,
  low: share,
  radius: radius.nullable(),
});

export const smoothingSchema = z
  .strictObject({
    schema: z.literal(SMOOTHING_SCHEMA),
    ...provenanceFields,
    /** Standard deviation of the noise, in pixel values. */
    sigma: z.number().positive(),
    /** Draws of noise an image, and the largest probability that its certificate is wrong. */
    draws: z.int().min(1).max(MOST_DRAWS),
    alpha: z.number().positive().max(0.5),
    ...engineFields,
    /** Images on which the smoothed model is right and sure. */
    accuracy: rateSchema,
    abstained: count,
    /** Mean over all images of the certified radius, 0 where wrong or abstained. */
    averageRadius: radius,
    /** Share of all images that are right with at least such an L2 radius. */
    certified: z.array(z.strictObject({ radius, ...rateSchema.shape })),
    /** By image, in the order of `data.indices`. */
    answers: z.array(answerSchema),
  })
  .refine(
    ({ data, answers, abstained, draws }) =>
      [data.labels, answers].every(({ length }) => length === data.indices.length) &&
      abstained === answers.filter((answer) => answer.radius === null).length &&
      answers.every(({ hits }) => hits <= draws),
    'the counts are not those of the images',
  );

export type SmoothingRecord = z.infer<typeof smoothingSchema>;

/** Steps of the radii of a table, as a share of sigma. */
const RADIUS_STEP = 0.5;

/** What the answers to some images come to. */
export function summarizeAnswers(
  smoothing: Pick<SmoothingRecord, 'sigma' | 'draws' | 'alpha'>,
  answers: readonly SmoothedAnswer[],
  labels: readonly number[],
): Pick<SmoothingRecord, 'accuracy' | 'abstained' | 'averageRadius' | 'certified'> {
  const right = answers.map(({ predicted, radius: reach }, i) =>
    predicted === labels[i] ? reach : null,
  );
  const within = (least: number) =>
    rateOf(right.filter((reach) => reach !== null && reach >= least).length, right.length);
  const step = RADIUS_STEP * smoothing.sigma;
  const steps = Math.floor(largestRadius(smoothing) / step);
  const sum = right.reduce<number>((total, reach) => total + (reach ?? 0), 0);
  return {
    accuracy: within(0),
    abstained: answers.filter(({ radius: reach }) => reach === null).length,
    averageRadius: right.length === 0 ? 0 : sum / right.length,
    certified: range(steps + 1).map((i) => ({ radius: i * step, ...within(i * step) })),
  };
}

/**
 * Reads a record back.
 * @throws UserError `bad-record`
 */
export const parseSmoothing = (text: string): SmoothingRecord =>
  parseRecordText(text, smoothingSchema, SMOOTHING_SCHEMA);

/** The record of `certify`: what is proven, image by image; `docs/file-formats.md` describes it. */
import { z } from 'zod';
import { wilson } from '../statistics.ts';
import { DECIDERS, type ImageCertificate, OUTCOMES } from './certify.ts';
import { METHODS } from './methods.ts';
import { parseRecordText } from './record-text.ts';

export const CERTIFICATE_SCHEMA = 'distill-certificate/1';

const count = z.int().min(0);
const share = z.number().min(0).max(1);
export const rateSchema = z.strictObject({
  hits: count,
  total: count,
  rate: share,
  low: share,
  high: share,
});

/** Who proved it, with what command, when. */
export const provenanceFields = {
  program: z.string(),
  command: z.array(z.string()),
  startedAt: z.iso.datetime(),
  seconds: z.number().min(0),
  seed: count,
};

/** On what it was proven, by what engine, of what model. */
export const engineFields = {
  /** SHA-256 over everything that the outcomes depend on, the engine's rounding apart. */
  inputsDigest: z.string(),
  versions: z.record(z.string(), z.string()),
  engine: z.strictObject({
    name: z.string(),
    instructionSet: z.string(),
    threads: z.int().min(1),
  }),
  data: z.strictObject({
    name: z.string(),
    digest: z.string(),
    indices: z.array(count),
    labels: z.array(count),
  }),
  model: z.strictObject({ name: z.string(), folder: z.string(), digest: z.string() }),
};

const budgetSchema = z.strictObject({
  /** Linf, in pixel values. */
  eps: z.number().min(0).max(1),
  /** Images that are certified: no attack within the budget does better than this. */
  certified: rateSchema,
  /** Images that are not broken: the accuracy under attack. */
  attacked: rateSchema,
  open: count,
  /** Of all work on this budget, and of the attack alone. */
  seconds: z.number().min(0),
  attackSeconds: z.number().min(0),
  /** By image, in the order of `data.indices`. */
  outcomes: z.array(z.enum(OUTCOMES)),
  by: z.array(z.enum(DECIDERS).nullable()),
  margins: z.array(z.number().nullable()),
});

export const certificateSchema = z
  .strictObject({
    schema: z.literal(CERTIFICATE_SCHEMA),
    ...provenanceFields,
    method: z.enum(METHODS),
    ...engineFields,
    budgets: z.array(budgetSchema),
  })
  .refine(
    ({ data, budgets }) =>
      budgets.every(
        ({ outcomes, by, margins, certified, attacked, open }) =>
          [data.labels, outcomes, by, margins].every(
            ({ length }) => length === data.indices.length,
          ) &&
          certified.hits === outcomes.filter((outcome) => outcome === 'certified').length &&
          open === outcomes.filter((outcome) => outcome === 'open').length &&
          attacked.hits === certified.hits + open,
      ),
    'the counts are not those of the images',
  );

export type CertificateRecord = z.infer<typeof certificateSchema>;
export type CertificateBudget = CertificateRecord['budgets'][number];

export function rateOf(hits: number, total: number): CertificateBudget['certified'] {
  return { hits, total, rate: total === 0 ? 0 : hits / total, ...wilson(hits, total) };
}

/** What is known of all images at one budget. */
export function budgetRecord(
  eps: number,
  images: readonly ImageCertificate[],
  { seconds, attackSeconds }: { readonly seconds: number; readonly attackSeconds: number },
): CertificateBudget {
  const countOf = (outcome: ImageCertificate['outcome']) =>
    images.filter((image) => image.outcome === outcome).length;
  return {
    eps,
    certified: rateOf(countOf('certified'), images.length),
    attacked: rateOf(images.length - countOf('broken'), images.length),
    open: countOf('open'),
    seconds,
    attackSeconds,
    outcomes: images.map(({ outcome }) => outcome),
    by: images.map(({ by }) => by),
    margins: images.map(({ margin }) => margin),
  };
}

/**
 * Reads a record back.
 * @throws UserError `bad-record`
 */
export const parseCertificate = (text: string): CertificateRecord =>
  parseRecordText(text, certificateSchema, CERTIFICATE_SCHEMA);

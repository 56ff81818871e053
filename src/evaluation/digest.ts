/** Whether two evaluations are the same: one digest, for reuse of records and for resuming. */
import { digestOf } from '../storage/index.ts';
import { programVersion } from '../version.ts';
import { identityOf } from './names.ts';
import type { EvaluationPlan } from './plan.ts';
import { needsSurrogate } from './surrogates.ts';

/** A plan whose models need not be loaded yet: their names and digests are enough. */
export interface PlanOutline extends Omit<EvaluationPlan, 'models'> {
  readonly models: readonly {
    readonly classifier: { readonly name: string };
    readonly digest: string;
    readonly bpda?: readonly string[] | undefined;
  }[];
}

/**
 * The digest of everything that the measurements depend on, the engine's rounding apart. What does
 * not change them is taken out by name, so that whatever a plan may be given later is part of it.
 */
export function evaluationDigest(plan: PlanOutline): string {
  const {
    models,
    dataset,
    attacks,
    followUps = [],
    examplesFolder,
    onProgress,
    onCandidates,
    partial,
    gates,
    gateOn,
    surrogates,
    attackRows,
    certifier,
    ...settings
  } = plan;
  return digestOf({
    program: programVersion(),
    models: models.map(({ classifier, digest, bpda }) => ({ name: classifier.name, digest, bpda })),
    data: { digest: dataset.digest, indices: Array.from(dataset.indices) },
    attacks: attacks.map(identityOf),
    followUps: followUps.map(identityOf),
    // Saved examples are judged again, and which are saved depends on what is still to be done.
    savesExamples: examplesFolder !== undefined,
    surrogates: [...attacks, ...followUps].some(needsSurrogate) ? surrogates?.digest : undefined,
    ...(certifier && { certifies: true }),
    ...settings,
  });
}

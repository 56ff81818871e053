/** Measures models side by side and puts everything into one record. */
import { join } from 'node:path';
import { Oracle } from '../attacks/index.ts';
import { type Dataset, imageSize, imagesAsFloats, labelsAt } from '../data/index.ts';
import { RunError } from '../errors.ts';
import type { Classifier } from '../models/index.ts';
import { summarizeAccuracy } from './accuracy.ts';
import { measureAnswers } from './answers.ts';
import { type AttackRun, attackDataset } from './attacking.ts';
import { certifiedBudgets, certifyModels, checkCertifier } from './certificates.ts';
import { cleanLogits, confidencesOf, predictedClasses } from './clean.ts';
import { conclude, type Measurements } from './conclusions.ts';
import { robustRate } from './consistency.ts';
import { measureCurves } from './curves.ts';
import { evaluationDigest } from './digest.ts';
import { averaged } from './draws.ts';
import { EXAMPLE_COUNT, packImages } from './examples.ts';
import { checkGateMetrics, type EvaluationOutline, judgeGates } from './gates.ts';
import { measureGradientTruth } from './gradient-truth.ts';
import { measureGradients } from './gradients.ts';
import { checkLevels } from './levels.ts';
import { logitGaps } from './logit-gap.ts';
import { identityOf, keyOfPlanned, nameOfAttack } from './names.ts';
import type { EvaluatedModel, EvaluationPlan, PlannedAttack, Provenance } from './plan.ts';
import { ProgressEstimator, probePasses, type Work } from './progress-estimator.ts';
import {
  type AttackFailure,
  type AttackRecord,
  type Certificates,
  type EvaluationRecord,
  type ModelRecord,
  RECORD_SCHEMA,
} from './records.ts';
import { saveExamples, unverifiedRows } from './saved-examples.ts';
import { Surrogates } from './surrogates.ts';
import { rowsOf } from './targets.ts';
import { budgetsOf } from './worst-case.ts';

/**
 * Runs the whole plan.
 * @throws UserError, before anything is measured: `bad-gate` for a gate on a metric that there will
 *   not be; `bad-plan` for draws or levels out of range
 */
export async function evaluate(
  asked: EvaluationPlan,
  provenance: Provenance,
): Promise<EvaluationRecord> {
  const started = performance.now();
  const models = asked.models.map((model) => ({
    ...model,
    classifier: averaged(model.classifier, asked.draws),
  }));
  const plan = { ...asked, models };
  const { dataset, seed, levels, gates = [] } = plan;
  checkLevels(levels);
  checkCertifier(plan);
  checkGateMetrics(gates, outlineOf(plan));
  const progress = new ProgressEstimator(plan);
  const surrogates = new Surrogates(plan, progress);
  const positions = Array.from({ length: dataset.count }, (_, i) => i);
  const modelRecords: ModelRecord[] = [];
  for (const model of models) {
    modelRecords.push(await measureModel(plan, model, positions, progress));
  }
  const attacks: AttackRecord[] = [];
  const failures: AttackFailure[] = [];
  const attackModel = async (planned: PlannedAttack, at: number, isFollowUp = false) => {
    const key = keyOfPlanned(models[at].classifier.name, planned);
    const known = plan.partial?.get(key);
    if (known) {
      progress.skip(planned);
      attacks.push(known);
      return;
    }
    const label = `${models[at].classifier.name}: ${nameOfAttack(identityOf(planned))}`;
    const work = progress.begin(label, planned);
    const measured = await measureAttack(
      plan,
      planned,
      models[at],
      modelRecords[at],
      work,
      surrogates,
    ).catch((error: unknown) => {
      work.abandon();
      if (!(error instanceof RunError)) throw error;
      failures.push({
        model: models[at].classifier.name,
        attack: nameOfAttack(identityOf(planned)),
        message: error.message,
      });
      return undefined;
    });
    if (!measured) return;
    const record: AttackRecord = { ...measured, ...(isFollowUp && { isFollowUp }) };
    await plan.partial?.add(key, record);
    attacks.push(record);
  };
  let certificates: Certificates[] | undefined;
  const measurements = (): Measurements => ({
    schema: RECORD_SCHEMA,
    ...provenance,
    configuration: { ...provenance.configuration, inputsDigest: evaluationDigest(plan) },
    seconds: (performance.now() - started) / 1000,
    seed,
    ...(levels !== undefined && { levels }),
    data: {
      name: dataset.name,
      digest: dataset.digest,
      indices: Array.from(dataset.indices),
      labels: Array.from(labelsAt(dataset, positions)),
      ...(dataset.classNames && { classNames: [...dataset.classNames] }),
      examples: {
        shape: [...dataset.shape],
        images: packImages(imagesAsFloats(dataset, shownOf(plan, positions))),
      },
    },
    models: modelRecords,
    attacks,
    ...(failures.length > 0 && { failures }),
    ...(certificates && { certificates }),
  });
  try {
    for (const planned of plan.attacks) {
      for (const [at, { classifier }] of models.entries()) {
        if (planned.source !== classifier.name) await attackModel(planned, at);
      }
    }
    for (const [planned, at] of followUpsFor(plan, conclude(measurements()), progress)) {
      await attackModel(planned, at, true);
    }
    if (plan.certifier) {
      const tell = (what: string, done: number, total: number) =>
        plan.onProgress?.(what, done, total);
      certificates = await certifyModels(plan, modelRecords, attacks, tell);
    }
  } finally {
    surrogates.dispose();
  }
  const record = conclude(measurements());
  return { ...record, gates: judgeGates(gates, record, plan.gateOn ?? 'estimate') };
}

/**
 * @throws RunError `failed-attack` naming every attack of the record that ended with an error
 */
export function requireAttacks({ failures = [] }: Pick<EvaluationRecord, 'failures'>): void {
  if (failures.length === 0) return;
  const list = failures.map(({ model, attack, message }) => `${attack} on ${model}: ${message}`);
  throw new RunError('failed-attack', `not all attacks ended: ${list.join('; ')}`, {
    hint: 'what the others found is in the record',
  });
}

/** Which follow-up attacks to run on which models (their index): where the verdict is open. */
function followUpsFor(
  { followUps = [], models }: EvaluationPlan,
  { verdicts }: EvaluationRecord,
  progress: ProgressEstimator,
): [PlannedAttack, number][] {
  return followUps.flatMap((planned) => {
    const { norm, eps } = planned.plan.threat;
    const isOpen = (name: string) =>
      verdicts.some(
        (verdict) =>
          verdict.model === name &&
          verdict.norm === norm &&
          verdict.eps === eps &&
          verdict.ruling === 'open',
      );
    const open = [...models.keys()].filter((at) => isOpen(models[at].classifier.name));
    progress.expect(planned, open.length);
    return open.map((at): [PlannedAttack, number] => [planned, at]);
  });
}

/** The attacks that the plan will run on each model, follow-ups apart. */
function outlineOf(plan: EvaluationPlan): EvaluationOutline {
  const { models: evaluated, attacks, certifier } = plan;
  const models = evaluated.map(({ classifier }) => ({ name: classifier.name }));
  return {
    models,
    ...(certifier && {
      certificates: models.flatMap(({ name: model }) =>
        certifiedBudgets(plan).map((eps) => ({ model, norm: 'Linf' as const, eps })),
      ),
    }),
    attacks: models.flatMap(({ name }) =>
      attacks
        .filter(({ source }) => source !== name)
        .map((planned) => ({ ...identityOf(planned), model: name })),
    ),
  };
}

/** The attacked images that the record carries along. */
const shownOf = ({ samples }: EvaluationPlan, positions: readonly number[]) =>
  positions.slice(0, Math.min(samples, EXAMPLE_COUNT));

async function measureModel(
  plan: EvaluationPlan,
  { classifier, folder, digest, bpda, pixelRange }: EvaluatedModel,
  positions: readonly number[],
  progress: ProgressEstimator,
): Promise<ModelRecord> {
  const { dataset, samples, seed, draws = 1 } = plan;
  const { name, temperature, classes } = classifier;
  const work = progress.begin(`${name}: accuracy`);
  const logits = await cleanLogits(classifier, dataset, positions, work.finish);
  const predicted = predictedClasses(logits, classes);
  const attacked = positions.slice(0, samples);
  const ofAttacked = logits.subarray(0, attacked.length * classes);
  const answers = await measureAnswers(classifier, dataset, attacked, ofAttacked, { seed, draws });
  const gradients = await measureGradients(classifier, dataset, attacked);
  const threats = budgetsOf(plan.attacks.map(identityOf));
  const gradientTruth = await measureGradientTruth(classifier, dataset, attacked, threats);
  const curves = plan.curves
    ? await measureCurves(classifier, dataset, attacked, threats, plan)
    : undefined;
  work.finish(probePasses(attacked.length));
  const { accuracy, perClass, confusion } = summarizeAccuracy(
    predicted,
    labelsAt(dataset, positions),
    dataset.classes,
    classes,
  );
  return {
    name,
    folder,
    digest,
    temperature,
    ...(pixelRange && { pixelRange }),
    ...(draws > 1 && { draws }),
    ...(bpda && { bpda: [...bpda] }),
    predicted,
    accuracy,
    perClass: [...perClass],
    confusion: confusion.map((counts) => [...counts]),
    answers,
    gradients,
    gradientTruth,
    ...(curves && { curves }),
    gaps: logitGaps(ofAttacked, classes),
    examples: {
      confidence: confidencesOf(logits, classes).slice(0, shownOf(plan, positions).length),
    },
  };
}

async function measureAttack(
  whole: EvaluationPlan,
  planned: PlannedAttack,
  evaluated: EvaluatedModel,
  model: ModelRecord,
  work: Work,
  surrogates: Surrogates,
): Promise<AttackRecord> {
  const { classifier } = evaluated;
  const { plan, source, target } = planned;
  const { dataset, samples, seed, levels, models, onCandidates, examplesFolder } = whole;
  const { positions, targets } = rowsOf(dataset, samples, target);
  const surrogate = await surrogates.of(evaluated, planned);
  const sourceModel = surrogate ?? models.find((model) => model.classifier.name === source);
  const name = `${classifier.name}-${nameOfAttack(identityOf(planned)).replaceAll(' ', '-')}`;
  const keeps = onCandidates !== undefined || examplesFolder !== undefined;
  const size = imageSize(dataset);
  const candidates = new Float32Array(keeps ? positions.length * size : 0);
  const shown = new Float32Array(Math.min(positions.length, EXAMPLE_COUNT) * size);
  let filled = 0;
  const run = await (whole.attackRows ?? attackDataset)({
    plan,
    classifier,
    dataset,
    positions,
    seed,
    ...(targets && { targets }),
    ...(levels !== undefined && { levels }),
    ...(sourceModel && { source: sourceModel.classifier }),
    onPasses: work.passes,
    onBatch: (images, batch) => {
      if (keeps) candidates.set(images, filled);
      if (filled < shown.length) shown.set(images.subarray(0, shown.length - filled), filled);
      filled += images.length;
      work.finish(batch.length);
    },
  });
  let failed: ReadonlySet<number> = new Set();
  if (examplesFolder !== undefined) {
    const path = join(examplesFolder, `${name}.npz`);
    await saveExamples(path, dataset, candidates, run);
    failed = await unverifiedRows(path, classifier, run);
  }
  const success = run.success.map((won, i) => won && !failed.has(i));
  const record = {
    ...attackRecord({ ...run, success }, model, dataset, planned),
    // What each attack costs by itself: a surrogate's training is part of every attack that uses it.
    forwards: run.forwards + (surrogate?.forwards ?? 0),
    seconds: run.seconds + (surrogate?.seconds ?? 0),
    examples: await carried(classifier, shown),
    unverified: failed.size,
  };
  onCandidates?.(record, candidates);
  return record;
}

/** What the record carries along of the images attacked first. */
const carried = async (classifier: Classifier, images: Float32Array) => ({
  images: packImages(images),
  confidence: confidencesOf(await new Oracle(classifier).logits(images), classifier.classes),
});

/** The record of a run, the clean predictions known. */
export function attackRecord(
  run: AttackRun,
  model: ModelRecord,
  dataset: Dataset,
  planned: PlannedAttack,
): AttackRecord {
  return {
    model: model.name,
    ...identityOf(planned),
    options: { ...run.plan.options },
    forwards: run.forwards,
    backwards: run.backwards,
    seconds: run.seconds,
    robust: robustRate(run, model, dataset.labels),
    positions: [...run.positions],
    targets: run.targets ?? null,
    predicted: [...run.predicted],
    distance: [...run.distance],
    success: [...run.success],
    legal: [...run.legal],
    queries: run.queries ?? null,
    ...(run.survived && { survived: run.survived }),
    unverified: 0,
  };
}

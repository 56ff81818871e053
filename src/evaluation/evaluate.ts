/** Measures models side by side and puts everything into one record. */
import { join } from 'node:path';
import type { AttackPlan } from '../attacks/index.ts';
import { type Dataset, imageSize, imagesAsFloats, labelsAt } from '../data/index.ts';
import type { Classifier } from '../models/index.ts';
import { predictions, type Rate, rateOf, summariseAccuracy } from './accuracy.ts';
import { measureAnswers } from './answers.ts';
import { type AttackRun, attackDataset } from './attacking.ts';
import { confidences, EXAMPLES, packImages } from './examples.ts';
import { raiseFlags } from './flags.ts';
import { measureGradients } from './gradients.ts';
import { logitGaps } from './logit-gap.ts';
import type { PartialEvaluation } from './partial.ts';
import {
  type AttackRecord,
  type EvaluationRecord,
  type ModelRecord,
  RECORD_SCHEMA,
  type TestRecord,
} from './records.ts';
import { countUnverified, saveExamples } from './saved-examples.ts';
import { mcnemar } from './statistics.ts';
import { reachVerdicts } from './verdicts.ts';

/** A model with what a record says of it. */
export interface Subject {
  readonly classifier: Classifier;
  readonly folder: string;
  readonly digest: string;
}

/** One attack of an evaluation. */
export interface PlannedAttack {
  readonly plan: AttackPlan;
  /** Name of the model that a transfer attack takes its gradients from. */
  readonly source?: string;
  /** Attack towards every wrong class in turn: the rows of example i are (classes - 1) i and on. */
  readonly everyTarget?: true;
}

export interface EvaluationPlan {
  readonly subjects: readonly Subject[];
  readonly dataset: Dataset;
  /** How many images, from the first on, are attacked; clean accuracy is over all of them. */
  readonly samples: number;
  readonly attacks: readonly PlannedAttack[];
  readonly seed: number;
  /** What is being done on which model, and how many of all image visits are done. */
  onProgress?(what: string, done: number, total: number): void;
  /** Sees all candidates against a model, once they have been judged. */
  onCandidates?(record: AttackRecord, images: Float32Array): void;
  /** Where attacks that are done are kept, so that an interrupted evaluation can go on. */
  readonly partial?: PartialEvaluation;
  /** Folder in which adversarial examples are kept; they are read back and judged again. */
  readonly examplesFolder?: string;
}

/** Who measured, with what: the part of a record that is not a measurement. */
export type Provenance = Pick<
  EvaluationRecord,
  'program' | 'command' | 'startedAt' | 'configuration' | 'versions' | 'engine'
>;

/** Runs the whole plan. */
export async function evaluate(
  plan: EvaluationPlan,
  provenance: Provenance,
): Promise<EvaluationRecord> {
  const started = performance.now();
  const { dataset, subjects, seed } = plan;
  const progress = new Tally(plan);
  const positions = Array.from({ length: dataset.count }, (_, i) => i);
  const labels = Array.from(labelsAt(dataset, positions));
  const models: ModelRecord[] = [];
  for (const subject of subjects)
    models.push(await measureModel(plan, subject, positions, progress));
  const attacks: AttackRecord[] = [];
  for (const planned of plan.attacks) {
    for (const [i, subject] of subjects.entries()) {
      if (planned.source === subject.classifier.name) continue;
      const key = `${subject.classifier.name}: ${nameOf(planned.plan)}`;
      const known = plan.partial?.get(key);
      const record = known ?? (await measureAttack(plan, planned, subject, models[i], progress));
      if (known) progress.skip(known.success.length);
      else await plan.partial?.add(key, record);
      attacks.push(record);
    }
  }
  const data: EvaluationRecord['data'] = {
    name: dataset.name,
    digest: dataset.digest,
    indices: Array.from(dataset.indices),
    labels,
    examples: {
      shape: [...dataset.shape],
      images: packImages(imagesAsFloats(dataset, shownOf(plan, positions))),
    },
  };
  const measured: EvaluationRecord = {
    schema: RECORD_SCHEMA,
    ...provenance,
    seconds: (performance.now() - started) / 1000,
    seed,
    data,
    models,
    attacks,
    tests: pairedTests(models, labels),
    flags: [],
    verdicts: [],
    summary: summarise(models, attacks, labels),
  };
  const flagged = { ...measured, flags: raiseFlags(measured) };
  return { ...flagged, verdicts: reachVerdicts(flagged) };
}

/** The attacked images that the record carries along. */
const shownOf = ({ samples }: EvaluationPlan, positions: readonly number[]) =>
  positions.slice(0, Math.min(samples, EXAMPLES));

/** Counts image visits against all that the plan will make. */
class Tally {
  readonly #plan: EvaluationPlan;
  readonly #total: number;
  #done = 0;

  constructor(plan: EvaluationPlan) {
    const { dataset, samples, subjects, attacks } = plan;
    const attacked = Math.min(samples, dataset.count);
    const names = subjects.map(({ classifier }) => classifier.name);
    const visits = attacks.map(({ source, everyTarget }) => {
      const victims = names.filter((name) => name !== source).length;
      return victims * attacked * (everyTarget ? dataset.classes - 1 : 1);
    });
    this.#plan = plan;
    this.#total = visits.reduce((sum, count) => sum + count, subjects.length * dataset.count);
  }

  /** Images that an earlier, interrupted evaluation visited. */
  skip(images: number): void {
    this.#done += images;
  }

  add(what: string, images: number): void {
    this.#done += images;
    this.#plan.onProgress?.(what, this.#done, this.#total);
  }
}

async function measureModel(
  plan: EvaluationPlan,
  { classifier, folder, digest }: Subject,
  positions: readonly number[],
  progress: Tally,
): Promise<ModelRecord> {
  const { dataset, samples, seed } = plan;
  const { name, temperature, classes } = classifier;
  const predicted = await predictions(classifier, dataset, positions, (count) =>
    progress.add(`${name}: accuracy`, count),
  );
  const attacked = positions.slice(0, samples);
  const answers = await measureAnswers(classifier, dataset, attacked, seed);
  const gradients = await measureGradients(classifier, dataset, attacked);
  const { accuracy, perClass, confusion } = summariseAccuracy(
    predicted,
    labelsAt(dataset, positions),
    classes,
  );
  return {
    name,
    folder,
    digest,
    temperature,
    predicted: Array.from(predicted),
    accuracy,
    perClass: [...perClass],
    confusion: confusion.map((counts) => [...counts]),
    answers,
    gradients: gradients.map((summary) => ({ ...summary, histogram: [...summary.histogram] })),
    logitGaps: await logitGaps(classifier, dataset, attacked),
    examples: {
      confidence: confidences(classifier, imagesAsFloats(dataset, shownOf(plan, positions))),
    },
  };
}

async function measureAttack(
  whole: EvaluationPlan,
  { plan, source, everyTarget }: PlannedAttack,
  { classifier }: Subject,
  model: ModelRecord,
  progress: Tally,
): Promise<AttackRecord> {
  const { dataset, samples, seed, subjects, onCandidates, examplesFolder } = whole;
  const examples = Array.from({ length: Math.min(samples, dataset.count) }, (_, i) => i);
  const { positions, targets } = everyTarget
    ? wrongClasses(examples, dataset)
    : { positions: examples };
  const lender = subjects.find((subject) => subject.classifier.name === source);
  const keeps = onCandidates !== undefined || examplesFolder !== undefined;
  const size = imageSize(dataset);
  const candidates = new Float32Array(keeps ? positions.length * size : 0);
  const shown = new Float32Array(everyTarget ? 0 : shownOf(whole, positions).length * size);
  let filled = 0;
  const run = await attackDataset({
    plan,
    classifier,
    dataset,
    positions,
    seed,
    ...(targets && { targets }),
    ...(lender && { source: lender.classifier }),
    onBatch: (images, batch) => {
      if (keeps) candidates.set(images, filled);
      if (filled < shown.length) shown.set(images.subarray(0, shown.length - filled), filled);
      filled += images.length;
      progress.add(`${classifier.name}: ${nameOf(plan)}`, batch.length);
    },
  });
  const measured = attackRecord(run, model, dataset, source);
  const record = everyTarget ? measured : { ...measured, examples: carried(classifier, shown) };
  onCandidates?.(record, candidates);
  if (examplesFolder === undefined) return record;
  const path = join(examplesFolder, `${classifier.name}-${nameOf(plan).replaceAll(' ', '-')}.npz`);
  await saveExamples(path, dataset, candidates, record);
  return { ...record, unverified: await countUnverified(path, classifier, record) };
}

/** What the record carries along of the images attacked first. */
const carried = (classifier: Classifier, images: Float32Array) => ({
  images: packImages(images),
  confidence: confidences(classifier, images),
});

/** Every example with each class that it is not of. */
function wrongClasses(
  examples: readonly number[],
  { labels, classes }: Dataset,
): { positions: number[]; targets: number[] } {
  const others = (label: number) =>
    Array.from({ length: classes }, (_, c) => c).toSpliced(label, 1);
  return {
    positions: examples.flatMap((i) => new Array<number>(classes - 1).fill(i)),
    targets: examples.flatMap((i) => others(labels[i])),
  };
}

/** Such as `pgd Linf 0.3 margin`. */
export function nameOf({ attack, threat, loss }: AttackPlan): string {
  const parts = [attack.name, threat.norm];
  if (Number.isFinite(threat.eps)) parts.push(String(Number(threat.eps.toPrecision(4))));
  if (loss !== undefined && attack.losses.length > 1) parts.push(loss);
  return parts.join(' ');
}

/** The record of an attack on the first examples of a data set, the clean predictions known. */
export function attackRecord(
  run: AttackRun,
  model: ModelRecord,
  dataset: Dataset,
  source?: string,
): AttackRecord {
  const { attack, threat, loss, options } = run.plan;
  const rowsPerExample = run.targets ? dataset.classes - 1 : 1;
  const robust = run.success.filter((success, i) => {
    const example = Math.floor(i / rowsPerExample);
    return !success && model.predicted[example] === dataset.labels[example];
  }).length;
  return {
    model: model.name,
    attack: attack.name,
    norm: threat.norm,
    eps: Number.isFinite(threat.eps) ? threat.eps : null,
    loss: loss ?? null,
    options: { ...options },
    source: source ?? null,
    forwards: run.forwards,
    backwards: run.backwards,
    seconds: run.seconds,
    robust: rateOf(robust, run.success.length),
    targets: run.targets ?? null,
    predicted: [...run.predicted],
    distance: [...run.distance],
    success: [...run.success],
    legal: [...run.legal],
    unverified: 0,
  };
}

/** Every model against the first, on the clean images, by McNemar's exact test. */
function pairedTests(models: readonly ModelRecord[], labels: readonly number[]): TestRecord[] {
  const [first, ...others] = models;
  return others.map((second) => {
    const right = (model: ModelRecord, i: number) => model.predicted[i] === labels[i];
    const only = (a: ModelRecord, b: ModelRecord) =>
      labels.filter((_, i) => right(a, i) && !right(b, i)).length;
    const [onlyFirst, onlySecond] = [only(first, second), only(second, first)];
    const p = mcnemar(onlyFirst, onlySecond);
    return { kind: 'mcnemar', first: first.name, second: second.name, onlyFirst, onlySecond, p };
  });
}

/** Examples right on the clean image that no attack of the list brought to its goal. */
export function worstCase(
  model: ModelRecord,
  attacks: readonly AttackRecord[],
  labels: readonly number[],
): Rate {
  const total = Math.min(...attacks.map(({ success }) => success.length));
  let robust = 0;
  for (let i = 0; i < total; i++) {
    const fell = attacks.some(({ success }) => success[i]);
    if (!fell && model.predicted[i] === labels[i]) robust++;
  }
  return rateOf(robust, total);
}

/** The figures that gates hold against their bars. */
function summarise(
  models: readonly ModelRecord[],
  attacks: readonly AttackRecord[],
  labels: readonly number[],
): EvaluationRecord['summary'] {
  return models.flatMap((model) => {
    const own = attacks.filter(
      (attack) => attack.model === model.name && attack.eps !== null && !attack.targets,
    );
    const threats = new Map<string, AttackRecord[]>();
    for (const attack of own) {
      const key = `${attack.norm} ${attack.eps}`;
      threats.set(key, [...(threats.get(key) ?? []), attack]);
    }
    return [
      { model: model.name, figure: 'accuracy', ...model.accuracy },
      ...Array.from(threats, ([threat, list]) => ({
        model: model.name,
        figure: `robust accuracy (${threat})`,
        ...worstCase(model, list, labels),
      })),
    ];
  });
}

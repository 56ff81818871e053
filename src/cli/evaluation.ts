/** What `attack` and `evaluate` share: models, provenance, tables. Loads TensorFlow.js. */
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { AttackPlan } from '../attacks/index.ts';
import { type Dataset, digestOf, subset, writeFileAtomically } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { UserError } from '../errors.ts';
import {
  type EvaluationPlan,
  type EvaluationRecord,
  nameOf,
  PartialEvaluation,
  type Provenance,
  type Rate,
  type Subject,
} from '../evaluation/index.ts';
import { loadModel, readModelCard } from '../models/index.ts';
import { programVersion } from '../version.ts';
import { robustnessPlot } from './plot.ts';
import { table, wrapped } from './table.ts';
import type { Terminal } from './terminal.ts';

/** A model's name in tables and records: that of its folder. */
export function nameOfModel(folder: string): string {
  return basename(resolve(folder));
}

/**
 * Loads models, each named after its folder.
 * @throws UserError when one does not fit the data, two have one name, or as `loadModel`
 */
export async function loadSubjects(
  folders: readonly string[],
  dataset: Dataset,
): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const folder of folders) {
    const name = nameOfModel(folder);
    if (subjects.some((subject) => subject.classifier.name === name)) {
      throw new UserError('bad-flag', `two models are named ${name}`, {
        hint: 'models are named after their folders: rename or copy one',
      });
    }
    const { card, model } = await loadModel(folder);
    const { inputShape, classes } = card.network;
    if (String(inputShape) !== String(dataset.shape) || classes !== dataset.classes) {
      throw new UserError(
        'foreign-model',
        `${folder} takes images of ${inputShape.join(' x ')} in ${classes} classes, ${dataset.name} has ${dataset.shape.join(' x ')} in ${dataset.classes}`,
        { hint: 'name another --model or --data' },
      );
    }
    subjects.push({ classifier: model.classifier(name), folder, digest: card.digest });
  }
  return subjects;
}

/**
 * The images that an attack is run on: the first `samples`, or the one at `index`.
 * @throws UserError `bad-flag` when there is no such image
 */
export function imagesToAttack(dataset: Dataset, samples: number, index?: number): Dataset {
  if (index !== undefined && index >= dataset.count) {
    throw new UserError('bad-flag', `there is no test image ${index}`, {
      hint: `--index goes from 0 to ${dataset.count - 1}`,
    });
  }
  const positions =
    index === undefined
      ? Uint32Array.from({ length: Math.min(samples, dataset.count) }, (_, i) => i)
      : Uint32Array.of(index);
  return subset(dataset, dataset.name, positions);
}

/**
 * Where an evaluation keeps what it has done; with `resume` it goes on from there.
 * @throws UserError `foreign-state` when another evaluation left it
 */
export async function openPartial(
  { out, resume }: { readonly out: string; readonly resume?: true },
  { subjects, dataset, samples, attacks, seed }: EvaluationPlan,
): Promise<PartialEvaluation> {
  const path = join(out, 'partial.json');
  const digest = digestOf({
    models: subjects.map((subject) => subject.digest),
    data: dataset.digest,
    samples,
    seed,
    attacks: attacks.map(({ plan, source, everyTarget }) => ({
      name: nameOf(plan),
      options: plan.options,
      source,
      everyTarget,
    })),
  });
  return resume ? PartialEvaluation.resume(path, digest) : PartialEvaluation.start(path, digest);
}

/** Every choice of an attack, in one line. */
export function describePlan(plan: AttackPlan): string {
  const options = Object.entries(plan.options).map(
    ([name, value]) => `${name} ${Number(value.toPrecision(4))}`,
  );
  return [`attack: ${nameOf(plan)}`, ...options].join(', ');
}

/** The flags that decide what a measuring command finds. */
const DECISIVE = [
  'attack',
  'attacks',
  'preset',
  'norm',
  'eps',
  'loss',
  'set',
  'samples',
  'index',
  'source',
  'seed',
];

/** The digest of models, data and settings: tells whether a record still matches them. */
export async function measurementDigest(
  folders: readonly string[],
  dataset: Dataset,
  flags: object,
): Promise<string> {
  const cards = await Promise.all(folders.map(readModelCard));
  return digestOf({
    program: programVersion(),
    data: dataset.digest,
    models: cards.map(({ digest }) => digest),
    flags: Object.entries(flags)
      .filter(([name]) => DECISIVE.includes(name))
      .sort(),
  });
}

/** Who measures what with what, for the record. */
export function provenance(
  engine: Engine,
  configuration: EvaluationRecord['configuration'],
): Provenance {
  const { name, instructionSet, threads } = engine;
  return {
    program: programVersion(),
    command: process.argv.slice(2),
    startedAt: new Date().toISOString(),
    configuration,
    versions: { node: process.versions.node, tensorflow: tf.version_core },
    engine: { name, instructionSet, threads },
  };
}

/** Writes the record and what goes with it into a folder. */
export async function saveResults(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>> | ReadonlyMap<string, Uint8Array | string>,
): Promise<void> {
  for (const [name, content] of files instanceof Map ? files : Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true }).catch((cause) => {
      throw new UserError('unwritable', `cannot make the folder ${dirname(path)}`, { cause });
    });
    await writeFileAtomically(path, content);
  }
}

/** Such as `99.21`. */
export const percent = (share: number): string => (100 * share).toFixed(2);

/** Such as `[99.02, 99.37]`. */
export const interval = ({ low, high }: Pick<Rate, 'low' | 'high'>): string =>
  `[${percent(low)}, ${percent(high)}]`;

const left = (title: string) => ({ title, align: 'left' as const });

/** Accuracy of every model. */
export function accuracyTable({ models }: EvaluationRecord): string {
  return table(
    [left('model'), { title: 'T' }, { title: 'accuracy %' }, { title: '95 % interval' }],
    models.map(({ name, temperature, accuracy }) => [
      name,
      String(temperature),
      percent(accuracy.rate),
      interval(accuracy),
    ]),
  );
}

/** A budget in three digits at most, such as `0.0314`. */
const budgetText = (eps: number) => String(Number(eps.toPrecision(3)));

/** Accuracy under every attack, one column a model, the worst case of each budget below. */
export function attackTable(record: EvaluationRecord): string {
  const { models, attacks, summary } = record;
  const rows = new Map<string, Map<string, string>>();
  const set = (line: string, model: string, cell: string) =>
    rows.set(line, (rows.get(line) ?? new Map()).set(model, cell));
  for (const { attack, norm, eps, loss, model, robust } of attacks) {
    if (eps === null) continue;
    set([attack, norm, budgetText(eps), loss ?? ''].join('|'), model, percent(robust.rate));
  }
  for (const { model, figure, rate } of summary) {
    const budget = /^robust accuracy \((\w+) ([\d.e-]+)\)$/.exec(figure);
    if (!budget) continue;
    set(
      ['worst of these', budget[1], budgetText(Number(budget[2])), ''].join('|'),
      model,
      percent(rate),
    );
  }
  const lines = Array.from(rows, ([line, cells]) => [
    ...line.split('|'),
    ...models.map(({ name }) => cells.get(name) ?? '-'),
  ]);
  lines.sort((a, b) => Number(a[2]) - Number(b[2]));
  return table(
    [
      left('attack'),
      left('norm'),
      { title: 'eps' },
      left('loss'),
      ...models.map(({ name }) => ({ title: name })),
    ],
    lines,
  );
}

/** Share of images without any gradient, and of signs that float32 got wrong, by loss. */
export function gradientTable({ models }: EvaluationRecord): string {
  const losses = models[0].gradients.map(({ loss }) => loss);
  return table(
    [left('loss'), ...models.map(({ name }) => ({ title: name }))],
    losses.map((loss, i) => [
      loss,
      ...models.map(({ gradients }) => {
        const { zero, wrongSigns } = gradients[i];
        return `${percent(zero.rate)} / ${percent(wrongSigns.rate)}`;
      }),
    ]),
  );
}

/** What one attack did to every model. */
export function attackSummary({ models, attacks }: EvaluationRecord): string {
  const accuracyOf = (name: string) => models.find((model) => model.name === name)?.accuracy.rate;
  return table(
    [
      left('model'),
      { title: 'clean %' },
      { title: 'under attack %' },
      { title: '95 % interval' },
      { title: 'median distance' },
      { title: 'images/s' },
    ],
    attacks.map(({ model, robust, success, distance, seconds }) => [
      model,
      percent(accuracyOf(model) ?? 0),
      percent(robust.rate),
      interval(robust),
      median(distance.filter((_, i) => success[i]))?.toFixed(3) ?? '-',
      String(Math.round(success.length / seconds)),
    ]),
  );
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b).at(values.length >> 1);
}

/** McNemar's tests against the first model, a line each. */
export function testLines({ tests }: EvaluationRecord): string[] {
  return tests.map(({ first, second, onlyFirst, onlySecond, p }) => {
    const verdict = p < 0.05 ? 'significant at 5 %' : 'not significant';
    const chance = p < 1e-4 ? p.toExponential(0) : p.toPrecision(2);
    return (
      `${second} against ${first}: ${onlySecond} images more right, ${onlyFirst} more wrong;\n` +
      `  exact McNemar p = ${chance}: ${verdict}`
    );
  });
}

/** Everything an evaluation found, as one page of tables. */
export function evaluationReport(record: EvaluationRecord, terminal: Terminal): string {
  const heading = (text: string) => `\n${terminal.colour.bold(text)}`;
  const last = record.models[record.models.length - 1];
  return [
    terminal.colour.bold(`Accuracy on ${record.data.indices.length} test images`),
    accuracyTable(record),
    ...testLines(record),
    heading('Accuracy by class, %'),
    classTable(record),
    heading(`Confusion of ${last.name}`),
    confusionTable(last.confusion),
    heading(`Accuracy under attack, % of ${record.attacks[0]?.success.length ?? 0} images`),
    attackTable(record),
    ...sectionOf(heading('Accuracy over eps'), robustnessPlot(record, terminal).join('\n')),
    heading('Input gradients, %: images whose gradient is exactly zero / pixels of wrong sign'),
    gradientTable(record),
    ...sectionOf(heading('Smallest perturbations'), minimalTable(record)),
    ...sectionOf(heading('Attacks towards every wrong class'), targetTable(record)),
    ...sectionOf(heading('Doubts'), flagLines(record, terminal)),
    heading('What may be said'),
    ...verdictLines(record).flatMap((line) => wrapped(line, terminal.width)),
  ].join('\n');
}

const sectionOf = (title: string, body: string) => (body === '' ? [] : [title, body]);

/** Distances of minimal-norm attacks; what they did not bring down counts as infinitely far. */
function minimalTable({ attacks }: EvaluationRecord): string {
  const rows = attacks
    .filter(({ eps, targets }) => eps === null && !targets)
    .map(({ model, attack, norm, distance, success }) => {
      const far = distance.map((away, i) => (success[i] ? away : Number.POSITIVE_INFINITY));
      far.sort((a, b) => a - b);
      const quantile = (share: number) => far[Math.floor(share * (far.length - 1))].toFixed(3);
      const fell = success.filter(Boolean).length / success.length;
      return [model, attack, norm, percent(fell), quantile(0.1), quantile(0.5), quantile(0.9)];
    });
  if (rows.length === 0) return '';
  const titles = ['found %', '10th percentile', 'median', '90th percentile'];
  return table(
    [left('model'), left('attack'), left('norm'), ...titles.map((title) => ({ title }))],
    rows,
  );
}

/** Best, average and worst target of each example, over the examples where all targets fell. */
function targetTable({ attacks, models }: EvaluationRecord): string {
  const classes = models[0].confusion.length;
  const rows = attacks
    .filter(({ targets }) => targets !== null)
    .map(({ model, attack, norm, loss, distance, success }) => {
      const fell = success.filter(Boolean).length / success.length;
      const examples = Array.from({ length: success.length / (classes - 1) }, (_, i) => {
        const [from, to] = [i * (classes - 1), (i + 1) * (classes - 1)];
        return success.slice(from, to).every(Boolean) ? distance.slice(from, to) : [];
      }).filter((distances) => distances.length > 0);
      const mean = (pick: (distances: number[]) => number) =>
        (examples.reduce((sum, each) => sum + pick(each), 0) / examples.length).toFixed(2);
      const spread =
        examples.length === 0
          ? ['-', '-', '-']
          : [
              mean((each) => Math.min(...each)),
              mean((each) => each.reduce((a, b) => a + b, 0) / each.length),
              mean((each) => Math.max(...each)),
            ];
      return [model, attack, norm, loss ?? '', percent(fell), ...spread];
    });
  if (rows.length === 0) return '';
  const titles = ['success %', 'best', 'average', 'worst'];
  return table(
    [
      left('model'),
      left('attack'),
      left('norm'),
      left('loss'),
      ...titles.map((title) => ({ title })),
    ],
    rows,
  );
}

/** Every flag in two lines: what was found, what to do. */
function flagLines({ flags }: EvaluationRecord, terminal: Terminal): string {
  return flags
    .flatMap(({ code, model, severity, value, threshold, advice }) => {
      const colour = severity === 'serious' ? terminal.colour.red : terminal.colour.yellow;
      return [
        `${colour(severity.padEnd(7))}  ${model}: ${code}, ${Number(value.toPrecision(3))} above ${threshold}`,
        `         ${advice}`,
      ];
    })
    .join('\n');
}

/** What may be said of every model. */
function verdictLines({ verdicts }: EvaluationRecord): string[] {
  return verdicts.flatMap(({ model, settled, reason, command }) => [
    `${model}: ${settled ? reason : `no verdict; ${reason}`}`,
    ...(command ? [`  to settle it: ${command}`] : []),
  ]);
}

/** Accuracy by true class, one column a model. */
export function classTable({ models }: EvaluationRecord): string {
  return table(
    [{ title: 'class' }, ...models.map(({ name }) => ({ title: name }))],
    models[0].perClass.map((_, c) => [
      String(c),
      ...models.map(({ perClass }) => percent(perClass[c].rate)),
    ]),
  );
}

/** Rows: true class; columns: predicted class. */
export function confusionTable(confusion: readonly (readonly number[])[]): string {
  return table(
    [{ title: 'true' }, ...confusion.map((_, c) => ({ title: String(c) }))],
    confusion.map((counts, c) => [String(c), ...counts.map((n) => (n === 0 ? '.' : String(n)))]),
  );
}

/** A progress callback that shows what is being measured. */
export async function evaluationProgress(terminal: Terminal): Promise<{
  onProgress(what: string, done: number, total: number): void;
  stop(): void;
}> {
  const progress = await terminal.progress('evaluate');
  return {
    onProgress: (what, done, total) => progress.update(done, total, what),
    stop: () => progress.stop(),
  };
}

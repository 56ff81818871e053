/** Reproduces a paper: the sweep over its models, and what their records say of its figures. */
import { join } from 'node:path';
import type { EvaluationRecord } from '../../evaluation/index.ts';
import { countText, percent } from '../../numbers.ts';
import { REPRODUCTION_SCHEMA, type ReproductionResults, readRecord } from '../../report/index.ts';
import type { TrainingSettings } from '../../training/index.ts';
import { programVersion } from '../../version.ts';
import type { SweepDefinition } from '../definition.ts';
import type { Executor } from '../executor.ts';
import { type PlannedTrial, runSweep, type SweepPoint, type SweepTrial } from '../sweep.ts';
import { configurationOf, placesIn } from '../work.ts';
import { REPRODUCTIONS, type ReproductionName } from './names.ts';
import { reproductionNamed } from './registry.ts';
import { type Subject, subjectAt, unlearned } from './reproduction.ts';

export interface ReproduceOptions {
  readonly paper: ReproductionName;
  /** Of the sweep. */
  readonly folder: string;
  readonly executor: Executor;
  /** Those that students are distilled at; the undistilled model comes first in any case. */
  readonly temperatures: readonly number[];
  readonly seeds: readonly number[];
  /** Arguments of the command line as text that a shell reads back. */
  commandText(words: readonly string[]): string;
  /** Arguments that start it, or go on with it. */
  readonly command: readonly string[];
  trialAt(subject: Subject, seed: number): PlannedTrial;
  onTrial?(trial: SweepTrial, subject: Subject): void;
}

/** What the sweep over the models of a reproduction is. */
export const reproductionSweep = (
  temperatures: readonly number[],
  seeds: readonly number[],
): SweepDefinition => ({
  method: 'grid',
  objectives: [],
  parameters: {
    model: { kind: 'choice', values: [null, ...temperatures].map((t) => subjectAt(t).name) },
  },
  seeds,
});

/** Settings that differ between trials, stand elsewhere, or are not used. */
const OF_A_TRIAL = ['data', 'samples', 'seed', 'eps', 'temperature', 'paper', 'isUndistilled'];

/** The paper's own settings of what a run may change. */
type PublishedTraining = Pick<TrainingSettings, 'epochs' | 'architecture' | 'outputScaling'>;

/** Networks whose figures say nothing. */
const failed = (claims: ReproductionResults['claims']): string[] =>
  unlearned(claims).map(
    ({ model, measured }) =>
      `At ${model} the network has not learned its task (${percent(measured?.mean ?? 0, 1)} of the clean images are right): its other figures say nothing.`,
  );

/** What the settings of a run leave different from the paper. */
function shortened(
  paper: ReproductionName,
  { samples, trainSize, epochs, architecture, outputScaling }: ReturnType<typeof configurationOf>,
  published: PublishedTraining,
): string[] {
  const { samples: asPublished } = REPRODUCTIONS[paper];
  return [
    ...(samples === asPublished
      ? []
      : [
          `${countText(Number(samples))} images were attacked instead of ${countText(asPublished)}.`,
        ]),
    ...(trainSize === null
      ? []
      : [`The networks were trained on ${countText(Number(trainSize))} images instead of all.`]),
    ...(epochs === published.epochs
      ? []
      : [`They were trained for ${epochs} epochs instead of ${published.epochs}.`]),
    ...(outputScaling === published.outputScaling
      ? []
      : [
          'The output layer and its learning rate are scaled for T, which the paper does not: its training at a high T goes as at T = 1.',
        ]),
    ...(architecture === published.architecture
      ? []
      : [`They are ${architecture} networks instead of ${published.architecture}.`]),
  ];
}

/**
 * Runs what is not done yet and gives the figures. What an earlier run did in the folder is taken as it
 * is; the results do not depend on how often it was interrupted.
 *
 * @param published the paper's own settings of training
 * @throws UserError, RunError: the first that a trial ends with; a diverged training is a result
 */
export async function reproduce(
  options: ReproduceOptions,
  published: PublishedTraining,
): Promise<ReproductionResults> {
  const { paper, folder, executor, temperatures, seeds, trialAt, onTrial } = options;
  const subjects = [null, ...temperatures].map(subjectAt);
  const subjectOf = (point: SweepPoint['point']): Subject =>
    subjects.find(({ name }) => name === point.model) ?? subjects[0];
  const points = await runSweep({
    folder,
    definition: reproductionSweep(temperatures, seeds),
    executor,
    trialAt: (point, seed) => trialAt(subjectOf(point), seed),
    onTrial: (trial, point) => onTrial?.(trial, subjectOf(point)),
  });
  const places = placesIn(folder);
  const measured = points.map(async ({ point, trials }) => {
    const subject = subjectOf(point);
    const records: EvaluationRecord[] = [];
    for (const { seed, run } of trials) {
      if (run.outcome !== 'done') continue;
      const { settings } = trialAt(subject, seed);
      records.push(await readRecord(join(places.trial(settings), 'evaluation.json')));
    }
    return { ...subject, records };
  });
  const reproduction = reproductionNamed(paper);
  const claims = reproduction.claims(await Promise.all(measured));
  const { settings } = trialAt(subjects[0], seeds[0]);
  const configuration = configurationOf(settings);
  const training = Object.entries(configuration).filter(([name]) => !OF_A_TRIAL.includes(name));
  return {
    schema: REPRODUCTION_SCHEMA,
    answer: reproduction.answer(claims),
    program: programVersion(),
    command: options.commandText(options.command),
    paper,
    citation: reproduction.citation,
    data: settings.data,
    training: Object.fromEntries(training),
    samples: settings.samples,
    seeds,
    claims,
    models: points.flatMap(({ point, trials }) =>
      trials.map(({ seed, run: { id, outcome, digests, command } }) => ({
        model: subjectOf(point).name,
        seed,
        trial: id,
        outcome,
        digests,
        command: options.commandText(command),
      })),
    ),
    differences: [
      ...failed(claims),
      ...shortened(paper, configuration, published),
      ...reproduction.differences,
    ],
  };
}

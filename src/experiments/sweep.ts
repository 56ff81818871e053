/** Runs a sweep: every trial that is not done yet, in a folder that another run can go on with. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readModelCard } from '../models/index.ts';
import { type Objective, pointCount, type SweepDefinition } from './definition.ts';
import type { Executor } from './executor.ts';
import { isWhole, type KeptRun, RUN_FILE, readRun } from './kept-run.ts';
import { knownBefore, type Point, pointAt } from './search.ts';
import type { Observation } from './tpe.ts';
import { softLabelsKey, type Task, type TrialSettings, taskKey, trialId } from './trial.ts';
import { placesIn } from './work.ts';

/** A trial as it is asked for. */
export interface PlannedTrial {
  readonly settings: TrialSettings;
  /** Arguments of the command line that repeat it. */
  readonly command: readonly string[];
}

/** A trial that was done. */
export interface SweepTrial {
  readonly seed: number;
  readonly run: KeptRun;
}

/** A point with what its trials came to, a trial a seed. */
export interface SweepPoint {
  readonly point: Point;
  readonly trials: readonly SweepTrial[];
}

export interface SweepOptions {
  readonly folder: string;
  readonly definition: SweepDefinition;
  readonly executor: Executor;
  /** What is tried at a point with a seed. @throws UserError for what no trial can be */
  trialAt(point: Point, seed: number): PlannedTrial;
  /** Called for each trial that is done, those of earlier runs included. */
  onTrial?(trial: SweepTrial, point: Point): void;
}

/** The run of a trial that was done before, if all of it is as it was written. */
async function doneBefore(folder: string): Promise<KeptRun | undefined> {
  const run = await readRun(folder).catch(() => undefined);
  if (!run) return undefined;
  const card = await readModelCard(join(folder, 'student')).catch(() => undefined);
  const isSame = run.outcome !== 'done' || card?.digest === run.digests.student;
  if (isSame && (await isWhole(folder, run))) return run;
  await rm(join(folder, RUN_FILE), { force: true });
  return undefined;
}

/** The trials of a sweep, each done once however many points ask for it. */
class Trials {
  readonly #places: ReturnType<typeof placesIn>;
  readonly #executor: Executor;
  readonly #runs = new Map<string, Promise<KeptRun>>();
  /** Teachers and soft labels that are being made or are there, by the key of their task. */
  readonly #shared = new Map<string, Promise<unknown>>();
  /** How many trials still need soft labels, by their key. */
  readonly #users = new Map<string, number>();

  constructor(folder: string, executor: Executor) {
    this.#places = placesIn(folder);
    this.#executor = executor;
  }

  run(planned: PlannedTrial): Promise<KeptRun> {
    const id = trialId(planned.settings);
    const run = this.#runs.get(id) ?? this.#start(planned);
    this.#runs.set(id, run);
    return run;
  }

  async #start({ settings, command }: PlannedTrial): Promise<KeptRun> {
    const labels = softLabelsKey(settings);
    this.#users.set(labels, (this.#users.get(labels) ?? 0) + 1);
    const before = await doneBefore(this.#places.trial(settings));
    if (!before) {
      await this.#need({ stage: 'teacher', settings, command });
      await this.#need({ stage: 'soft-labels', settings, command });
    }
    const run = before ?? (await this.#executor.run({ stage: 'trial', settings, command }));
    if (run === undefined) throw new Error(`the trial ${trialId(settings)} left no run`);
    await this.#release(labels, settings);
    return run;
  }

  #need(task: Task): Promise<unknown> {
    const key = taskKey(task);
    const made = this.#shared.get(key) ?? this.#executor.run(task);
    this.#shared.set(key, made);
    return made;
  }

  /** Removes soft labels, which are large, when no trial needs them any more. */
  async #release(labels: string, settings: TrialSettings): Promise<void> {
    const users = (this.#users.get(labels) ?? 1) - 1;
    this.#users.set(labels, users);
    if (users > 0) return;
    this.#shared.delete(taskKey({ stage: 'soft-labels', settings, command: [] }));
    await rm(this.#places.softLabels(settings), { recursive: true, force: true });
  }
}

/**
 * Runs a sweep to its end and gives its points in the order in which the method chose them. What an
 * earlier run did in the folder is taken as it is; the points and their results do not depend on how
 * often it was interrupted, nor on how many workers there are.
 *
 * @throws UserError, RunError: the first that a trial ends with; a diverged training is a result
 */
export async function runSweep(options: SweepOptions): Promise<SweepPoint[]> {
  const { folder, definition, executor, trialAt, onTrial } = options;
  const trials = new Trials(folder, executor);
  const points: Promise<SweepPoint>[] = [];
  const attempt = async (point: Point): Promise<SweepPoint> => {
    const planned = definition.seeds.map((seed) => ({ seed, ...trialAt(point, seed) }));
    const done = planned.map(async ({ seed, ...one }) => {
      const trial = { seed, run: await trials.run(one) };
      onTrial?.(trial, point);
      return trial;
    });
    return { point, trials: await Promise.all(done) };
  };
  for (let n = 0; n < pointCount(definition); n++) {
    const known = await Promise.all(points.slice(0, knownBefore(definition, n)));
    const observations = known.map((one) => observationOf(one, definition.objectives));
    const next = attempt(pointAt(definition, n, observations));
    next.catch(() => {}); // it is awaited below, or with those before it
    points.push(next);
  }
  return Promise.all(points);
}

/** What a point came to, as a search sees it: the mean of the first goal over its seeds. */
function observationOf(
  { point, trials }: SweepPoint,
  [objective]: readonly Objective[],
): Observation {
  const sign = objective?.goal === 'minimize' ? -1 : 1;
  const values = trials.map(({ run }) =>
    objective && run.outcome === 'done'
      ? sign * run.metrics[objective.name]
      : Number.NEGATIVE_INFINITY,
  );
  return { point, value: values.reduce((sum, value) => sum + value, 0) / values.length };
}

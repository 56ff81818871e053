/** Runs a sweep: every trial that is not done yet, in a folder that another run can go on with. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readModelCard } from '../models/index.ts';
import { type Objective, pointCount, type SweepDefinition } from './definition.ts';
import type { Executor } from './executor.ts';
import { type EarlyTermination, rungsOf, successiveHalving } from './halving.ts';
import { isWhole, type KeptRun, RUN_FILE, readRun } from './kept-run.ts';
import { knownBefore, type Point, pointAt } from './search.ts';
import type { Observation } from './tpe.ts';
import { softLabelsKey, type Task, type TrialSettings, taskKey, trialId } from './trial.ts';
import { MEASURED, placesIn } from './work.ts';

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

/**
 * The run of a trial that was done before, if all of it is as it was written.
 * @param model the folder of what it measured
 */
async function doneBefore(folder: string, model: string): Promise<KeptRun | undefined> {
  const run = await readRun(folder).catch(() => undefined);
  if (!run) return undefined;
  const card = await readModelCard(model).catch(() => undefined);
  const isSame = run.outcome !== 'done' || card?.digest === run.digests[MEASURED];
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

  /** A trial; with `until`, only its student, for so many epochs. */
  run(planned: PlannedTrial, until?: number): Promise<KeptRun> {
    const key = `${trialId(planned.settings)}/${until ?? ''}`;
    const run = this.#runs.get(key) ?? this.#start(planned, until);
    this.#runs.set(key, run);
    return run;
  }

  /** Keeps the soft labels of a trial until they are released. */
  hold({ settings }: PlannedTrial): void {
    const labels = softLabelsKey(settings);
    this.#users.set(labels, (this.#users.get(labels) ?? 0) + 1);
  }

  async #start(planned: PlannedTrial, until?: number): Promise<KeptRun> {
    const { settings, command } = planned;
    this.hold(planned);
    const before = await this.#before(settings, until);
    if (!before) {
      await this.#need({ stage: 'teacher', settings, command });
      if (!settings.isUndistilled) await this.#need({ stage: 'soft-labels', settings, command });
    }
    const run =
      before ??
      (await this.#executor.run({
        ...{ stage: 'trial', settings, command },
        ...(until !== undefined && { until }),
      }));
    if (run === undefined) throw new Error(`the trial ${trialId(settings)} left no run`);
    await this.release(planned);
    return run;
  }

  async #before(settings: TrialSettings, until?: number): Promise<KeptRun | undefined> {
    const model = this.#places.measured(settings);
    const rung =
      until === undefined ? undefined : await doneBefore(this.#places.rung(settings, until), model);
    if (rung) return rung;
    const whole = await doneBefore(this.#places.trial(settings), model);
    // The end of a whole trial says nothing of a rung, but that it was not reached.
    return until === undefined || whole?.outcome === 'diverged' ? whole : undefined;
  }

  #need(task: Task): Promise<unknown> {
    const key = taskKey(task);
    const made = this.#shared.get(key) ?? this.#executor.run(task);
    this.#shared.set(key, made);
    return made;
  }

  /** Removes soft labels, which are large, when no trial needs them any more. */
  async release({ settings }: PlannedTrial): Promise<void> {
    const labels = softLabelsKey(settings);
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
  if (definition.earlyTermination) {
    return runHalving(options, trials, definition.earlyTermination);
  }
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

/**
 * All points at once, by successive halving: at each rung a point is judged by its accuracy on
 * validation images, the mean over its seeds, and all of its seeds go on or end together. Metrics of
 * the test images are not looked at before the end.
 */
async function runHalving(
  { definition, trialAt, onTrial }: SweepOptions,
  trials: Trials,
  termination: EarlyTermination,
): Promise<SweepPoint[]> {
  const candidates = Array.from({ length: pointCount(definition) }, (_, n) => {
    const point = pointAt(definition, n);
    return { point, planned: definition.seeds.map((seed) => ({ seed, ...trialAt(point, seed) })) };
  });
  const all = candidates.flatMap(({ planned }) => planned);
  for (const one of all) trials.hold(one);
  const ended = new Map<(typeof candidates)[number], SweepPoint>();
  const end = async (candidate: (typeof candidates)[number], rung?: number) => {
    const done = candidate.planned.map(async ({ seed, ...one }) => {
      const trial = { seed, run: await trials.run(one, rung) };
      await trials.release(one);
      onTrial?.(trial, candidate.point);
      return trial;
    });
    ended.set(candidate, { point: candidate.point, trials: await Promise.all(done) });
  };
  const survivors = await successiveHalving({
    candidates,
    rungs: rungsOf(termination, Math.min(...all.map(({ settings }) => settings.training.epochs))),
    eta: termination.eta,
    async valueAt({ planned }, rung) {
      const runs = await Promise.all(planned.map((one) => trials.run(one, rung)));
      return meanOf(runs, (run) => run.metrics.validation_accuracy);
    },
    onStop: end,
  });
  await Promise.all(survivors.map((candidate) => end(candidate)));
  return candidates.flatMap((candidate) => ended.get(candidate) ?? []);
}

/** The mean of a value over runs; of a training that diverged, the least there is. */
function meanOf(runs: readonly KeptRun[], metric: (run: KeptRun) => number): number {
  const values = runs.map((run) =>
    run.outcome === 'diverged' ? Number.NEGATIVE_INFINITY : metric(run),
  );
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What a point came to, as a search sees it: the mean of the first goal over its seeds. */
function observationOf(
  { point, trials }: SweepPoint,
  [objective]: readonly Objective[],
): Observation {
  const sign = objective?.goal === 'minimize' ? -1 : 1;
  const runs = trials.map(({ run }) => run);
  const value = meanOf(runs, (run) =>
    objective ? sign * run.metrics[objective.name] : Number.NEGATIVE_INFINITY,
  );
  return { point, value };
}

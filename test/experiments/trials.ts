/** Trials that are done without training, for tests of what goes on around them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Executor } from '../../src/experiments/executor.ts';
import { type KeptRun, writeRun } from '../../src/experiments/kept-run.ts';
import { METRIC_NAMES } from '../../src/experiments/metrics.ts';
import type { Point } from '../../src/experiments/search.ts';
import {
  softLabelsKey,
  type Task,
  type TrialSettings,
  taskKey,
  trialId,
} from '../../src/experiments/trial.ts';
import { placesIn } from '../../src/experiments/work.ts';
import { settingsWith } from '../../src/training/index.ts';

export const settingsAt = (point: Point, seed: number): TrialSettings => ({
  data: 'mnist',
  trainSize: null,
  training: settingsWith({ temperature: Number(point.temperature ?? 1), seed }),
  noise: { kind: 'uniform', scale: Number(point.noise ?? 0.1), copies: 1, seed },
  fineTuneEpochs: Number(point['fine-tune-epochs'] ?? 0),
  eps: 0.1,
  samples: 10,
  engine: 'auto',
});

export const trialAt = (point: Point, seed: number) => ({
  settings: settingsAt(point, seed),
  command: ['sweep', JSON.stringify(point), String(seed)],
});

/** The run that a trial would leave: its metrics are a function of its settings. */
export function runOf(settings: TrialSettings, command: readonly string[] = []) {
  const { temperature, seed } = settings.training;
  const isDiverged = temperature === 666;
  const metrics = METRIC_NAMES.map((name, i) => [name, temperature / 1000 + i + seed / 100]);
  return {
    id: trialId(settings),
    kind: 'trial',
    program: 'test',
    command: [...command],
    startedAt: '2026-01-01T00:00:00.000Z',
    seconds: 1,
    engine: { name: 'cpu', instructionSet: 'javascript' },
    outcome: isDiverged ? ('diverged' as const) : ('done' as const),
    configuration: { temperature, seed, data: 'mnist', eps: 0.1, samples: 10 },
    metrics: isDiverged ? {} : Object.fromEntries(metrics),
    digests: {},
  } satisfies Omit<KeptRun, 'schema' | 'files'>;
}

/** What a student came to at a rung: with a high temperature it learns more slowly and further. */
export function rungOf(settings: TrialSettings, epochs: number) {
  const { temperature, seed } = settings.training;
  const validation = temperature * (1 - Math.exp(-epochs / temperature)) + seed / 1000;
  const metrics = { validation_accuracy: validation };
  return { ...runOf(settings), outcome: 'stopped' as const, metrics };
}

/** Does tasks at once and notes their keys; some of them fail. */
export class PretendExecutor implements Executor {
  readonly done: string[] = [];
  readonly #running: Promise<unknown>[] = [];
  readonly #places: ReturnType<typeof placesIn>;
  readonly #fails: (task: Task) => boolean;

  constructor(folder: string, fails: (task: Task) => boolean = () => false) {
    this.#places = placesIn(folder);
    this.#fails = fails;
  }

  run(task: Task): Promise<KeptRun | undefined> {
    const running = this.#run(task);
    this.#running.push(running);
    return running;
  }

  /** Until what was begun has ended, one way or the other. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #run(task: Task): Promise<KeptRun | undefined> {
    await new Promise(setImmediate);
    if (this.#fails(task)) throw new Error('killed');
    this.done.push(taskKey(task));
    const { stage, settings, command, until } = task;
    if (until !== undefined && settings.training.temperature !== 666) {
      return writeRun(this.#places.rung(settings, until), rungOf(settings, until), {});
    }
    if (stage === 'trial') {
      return writeRun(this.#places.trial(settings), runOf(settings, command), { 'a.json': '{}' });
    }
    const place = stage === 'teacher' ? this.#places.teacher : this.#places.softLabels;
    await mkdir(place(settings), { recursive: true });
    await writeFile(join(place(settings), 'weights'), softLabelsKey(settings));
    return undefined;
  }

  close(): void {}
}

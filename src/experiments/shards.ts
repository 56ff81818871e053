/**
 * Attacks shared out among processes. Every image has a random stream of its own, so that who attacks
 * it, and with which others, changes nothing: the outcomes are those of one process, in their order.
 */

import type { EngineChoice } from '../engine/index.ts';
import { type AttackJob, type AttackRun, attackDataset, rateOf } from '../evaluation/index.ts';
import { ProcessPool } from './process-pool.ts';

/** What every process loads. */
export interface ShardStart {
  readonly engine: EngineChoice;
  readonly threads: number;
  /** Where the images come from, and the shape and classes of the models. */
  readonly data: string;
  /** Digest of the images to attack; absent: whatever is there. */
  readonly dataDigest?: string;
  /** Model folders by the names of their classifiers. */
  readonly models: Readonly<Record<string, string>>;
  /** Of models that answer at random; 1: the model itself. */
  readonly draws: number;
  /** Layers whose gradient is taken to be the identity's. */
  readonly bpda: readonly string[];
}

/** Some rows of an attack. */
export interface Shard {
  readonly model: string;
  /** Model that gradients are taken from; null: the same one. */
  readonly source: string | null;
  readonly attack: string;
  readonly threat: AttackJob['plan']['threat'];
  readonly loss: AttackJob['plan']['loss'] | null;
  readonly options: AttackJob['plan']['options'];
  readonly seed: number;
  readonly positions: readonly number[];
  readonly targets: readonly number[] | null;
  /** Levels that pixels are rounded to; null: float32. */
  readonly levels: number | null;
}

/** What became of them. */
export interface ShardAnswer {
  readonly run: Omit<AttackRun, 'plan'>;
  /** `[positions.length, H, W, C]` */
  readonly candidates: Float32Array;
}

/** Rows that a process attacks at once: few enough to be shared out evenly, enough for the engine. */
const MOST_ROWS = 128;
const LEAST_ROWS = 8;
/** Shares of the rows for each process, since not all take equally long. */
const SHARES = 3;

/** Parts of the rows, in order. */
export function sharesOf(rows: number, workers: number): [from: number, to: number][] {
  const even = Math.ceil(rows / (workers * SHARES));
  const size = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, even));
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => [
    i * size,
    Math.min(rows, (i + 1) * size),
  ]);
}

/** Who attacks shards: processes of this machine, or of many. */
export interface ShardRunner {
  run(shard: Shard): Promise<ShardAnswer>;
  close(): void | Promise<void>;
}

/** Processes of this machine that attack shards. */
export const shardProcesses = (
  start: ShardStart,
  workers: number,
): ProcessPool<ShardStart, Shard, ShardAnswer> =>
  new ProcessPool({
    entry: 'shard-process',
    start,
    workers,
    nameOf: ({ attack, model, positions }) => `${attack} on ${positions.length} images of ${model}`,
  });

export class ShardPool {
  readonly #runner: ShardRunner;
  /** Names of the classifiers that the runner has. */
  readonly #models: ReadonlySet<string>;
  readonly #workers: number;

  /** @param workers how many are expected to work at once: it decides the size of the shares alone */
  constructor(runner: ShardRunner, models: Iterable<string>, workers: number) {
    this.#runner = runner;
    this.#models = new Set(models);
    this.#workers = workers;
  }

  /** Runs an attack as `attackDataset` does; one on a surrogate, which only this process has, here. */
  readonly attackRows = async (job: AttackJob): Promise<AttackRun> => {
    const { plan, classifier, source, positions, targets } = job;
    if (plan.attack.access === 'surrogate' || !this.#models.has(classifier.name)) {
      return attackDataset(job);
    }
    const started = performance.now();
    const answers = await Promise.all(
      sharesOf(positions.length, this.#workers).map(([from, to]) =>
        this.#attack(job, {
          model: classifier.name,
          source: source?.name ?? null,
          attack: plan.attack.name,
          threat: plan.threat,
          loss: plan.loss ?? null,
          options: plan.options,
          seed: job.seed,
          positions: positions.slice(from, to),
          targets: targets?.slice(from, to) ?? null,
          levels: job.levels ?? null,
        }),
      ),
    );
    for (const { run, candidates } of answers) job.onBatch?.(candidates, run.positions);
    const all = <T>(of: (run: ShardAnswer['run']) => readonly T[]) =>
      answers.flatMap(({ run }) => of(run));
    const sum = (of: (run: ShardAnswer['run']) => number) =>
      answers.reduce((total, { run }) => total + of(run), 0);
    return {
      plan,
      positions,
      targets: targets && Array.from(targets),
      predicted: all((run) => run.predicted),
      distance: all((run) => run.distance),
      success: all((run) => run.success),
      legal: all((run) => run.legal),
      queries: answers.every(({ run }) => run.queries)
        ? all((run) => run.queries ?? [])
        : undefined,
      survived:
        job.levels === undefined
          ? undefined
          : rateOf(
              sum((run) => run.survived?.hits ?? 0),
              sum((run) => run.survived?.total ?? 0),
            ),
      forwards: sum((run) => run.forwards),
      backwards: sum((run) => run.backwards),
      seconds: (performance.now() - started) / 1000,
    };
  };

  async #attack({ onPasses }: AttackJob, shard: Shard): Promise<ShardAnswer> {
    const answer = await this.#runner.run(shard);
    onPasses?.(answer.run.forwards);
    return answer;
  }

  async close(): Promise<void> {
    await this.#runner.close();
  }
}

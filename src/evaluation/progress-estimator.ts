/**
 * How much of an evaluation is done, in forward passes, a gradient counting as one more: what a
 * progress bar shows. Changes no result.
 */
import { LOSSES } from '../attacks/index.ts';
import type { EvaluationPlan, PlannedAttack } from './plan.ts';
import { rowsOf } from './targets.ts';

/** Images to be visited, or training steps to be made, and what each costs. */
interface Part {
  /** Of one model. */
  readonly rows: number;
  /** Of all models, not visited yet. */
  left: number;
  /** Passes for one that no early success cuts short. */
  readonly most: number;
  /** What a pass of it counts as: 2 where it takes a gradient. */
  readonly weight: number;
  /** The budget of an attack that ends early where it succeeds; undefined where nothing does. */
  readonly budget: string | undefined;
  /** Those visited, and the passes that they took. */
  done: number;
  passes: number;
}

/** One part of an evaluation on one model, under way. */
export interface Work {
  /** That many images went through the model. */
  passes(images: number): void;
  /** That many images are finished, however many passes they took. */
  finish(images: number): void;
  /** It ended with an error: what is left of it will not be done. */
  abandon(): void;
}

/** What a training step of a surrogate takes, in the time of passes on the model. */
const PASSES_PER_STEP = 400;

/** Share of its passes that an attack is thought to make before any attack of its budget has ended. */
const PRIOR_SHARE = 0.5;

/** Passes for what is measured of a model without attacks: two answers, and every loss's gradient. */
export const probePasses = (images: number): number => images * (2 + 2 * LOSSES.length);

/** Counts passes against all that the plan is expected to make. */
export class ProgressEstimator {
  readonly #onProgress: EvaluationPlan['onProgress'];
  readonly #clean: Part;
  /** Its rows are training steps of surrogates. */
  readonly #training: Part = part(0, 0, PASSES_PER_STEP);
  readonly #parts = new Map<PlannedAttack, Part>();
  readonly #plan: EvaluationPlan;
  #done = 0;
  /** Passes that are expected from now on, without those of the work under way. */
  #ahead = 0;

  constructor(plan: EvaluationPlan) {
    const { dataset, models, samples, attacks, onProgress } = plan;
    this.#plan = plan;
    this.#onProgress = onProgress;
    const rows = dataset.count + probePasses(Math.min(samples, dataset.count));
    this.#clean = part(rows, models.length, 1);
    for (const planned of attacks) {
      this.expect(
        planned,
        models.filter(({ classifier }) => classifier.name !== planned.source).length,
      );
    }
  }

  /** An attack will be run on that many models. */
  expect(planned: PlannedAttack, models: number): void {
    const { dataset, samples } = this.#plan;
    const { attack, options, threat } = planned.plan;
    const rows = rowsOf(dataset, samples, planned.target).positions.length;
    const weight = attack.access.endsWith('gradient') ? 2 : 1;
    const most = weight * attack.expectedPasses(options, dataset.classes, threat);
    const endsEarly = attack.budget === 'fixed' && attack.kind !== 'single-step';
    const budget = endsEarly ? `${threat.norm} ${threat.eps}` : undefined;
    this.#parts.set(planned, part(rows, models, most, weight, budget));
    this.#lookAhead();
  }

  /** Surrogates will be trained, for that many steps in all. */
  expectTraining(steps: number): void {
    this.#training.left = steps;
    this.#lookAhead();
  }

  /** An earlier, interrupted evaluation has run this attack on one of the models. */
  skip(planned: PlannedAttack): void {
    const known = this.#partOf(planned);
    known.left -= known.rows;
    this.#lookAhead();
  }

  /**
   * @param of an attack, or the training of a surrogate; absent: the model without attacks
   * @param rows what there is to do: images, or training steps
   */
  begin(what: string, of?: PlannedAttack | 'training', rows = this.#partOf(of).rows): Work {
    const own = this.#partOf(of);
    const isCounted = own !== this.#clean && own !== this.#training;
    let left = rows;
    let passes = 0;
    const tell = () => {
      const done = this.#done + passes;
      this.#onProgress?.(what, done, Math.max(done, this.#done + this.#ahead));
    };
    const leave = (count: number, spent: number) => {
      left -= count;
      own.left -= count;
      this.#done += spent;
      passes = 0;
      this.#lookAhead();
      tell();
    };
    return {
      passes: (images) => {
        passes += images * own.weight;
        tell();
      },
      finish: (count) => {
        const spent = isCounted ? passes : count * own.most;
        own.done += count;
        own.passes += spent;
        leave(count, spent);
      },
      abandon: () => leave(left, passes),
    };
  }

  #partOf(of: PlannedAttack | 'training' | undefined): Part {
    if (of === 'training') return this.#training;
    return (of && this.#parts.get(of)) ?? this.#clean;
  }

  #lookAhead(): void {
    const parts = [this.#clean, this.#training, ...this.#parts.values()];
    const shares = new Map<string, number>();
    for (const { budget, done, passes, most } of parts) {
      if (budget === undefined || done === 0) continue;
      shares.set(budget, Math.min(passes / (done * most), shares.get(budget) ?? 1));
    }
    this.#ahead = 0;
    for (const { left, most, budget, done, passes } of parts) {
      // Of a budget, the attack that has ended earliest says most about those that follow.
      const share = budget === undefined ? 1 : (shares.get(budget) ?? PRIOR_SHARE);
      this.#ahead += Math.max(0, left) * (done > 0 ? passes / done : most * share);
    }
  }
}

const part = (rows: number, models: number, most: number, weight = 1, budget?: string): Part => ({
  rows,
  left: rows * models,
  most,
  weight,
  budget,
  done: 0,
  passes: 0,
});

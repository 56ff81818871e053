/** How much of an evaluation is done, in passes: what a progress bar shows. Changes no result. */
import type { EvaluationPlan, PlannedAttack } from './plan.ts';
import { rowsOf } from './targets.ts';

/** Images still to be visited, and what each is thought to cost; measured as soon as one is done. */
interface Part {
  left: number;
  perImage: number;
  images: number;
  passes: number;
}

/** One part of an evaluation, under way. */
export interface Work {
  /** That many images went through the model. */
  passes(images: number): void;
  /** That many images are finished, however many passes they took. */
  finish(images: number): void;
}

/** Passes on the model that a training step of a surrogate is thought to make. */
const PASSES_PER_STEP = 400;

/** Counts passes against all that the plan is expected to make. */
export class ProgressEstimator {
  readonly #onProgress: EvaluationPlan['onProgress'];
  readonly #clean: Part;
  /** Its images are training steps of surrogates. */
  readonly #training: Part = { left: 0, perImage: PASSES_PER_STEP, images: 0, passes: 0 };
  readonly #parts = new Map<PlannedAttack, Part>();
  readonly #plan: EvaluationPlan;
  #done = 0;

  constructor(plan: EvaluationPlan) {
    const { dataset, models, attacks, onProgress } = plan;
    this.#plan = plan;
    this.#onProgress = onProgress;
    this.#clean = { left: models.length * dataset.count, perImage: 1, images: 0, passes: 0 };
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
    const { plan, target } = planned;
    const rows = rowsOf(dataset, samples, target).positions.length;
    // Images that are broken early take fewer.
    const perImage = plan.attack.expectedPasses(plan.options, dataset.classes, plan.threat);
    this.#parts.set(planned, { left: models * rows, perImage, images: 0, passes: 0 });
  }

  #partOf(of: PlannedAttack | 'training' | undefined): Part {
    if (of === 'training') return this.#training;
    return (of && this.#parts.get(of)) ?? this.#clean;
  }

  /** Surrogates will be trained, for that many steps in all. */
  expectTraining(steps: number): void {
    this.#training.left = steps;
  }

  /** Rows that an earlier, interrupted evaluation has done are no longer to be done. */
  skip(planned: PlannedAttack, rows: number): void {
    this.#partOf(planned).left -= rows;
  }

  /** @param of an attack, or a training step after the other; absent: one pass over the clean images */
  begin(what: string, of?: PlannedAttack | 'training'): Work {
    const part = this.#partOf(of);
    let passes = 0;
    const tell = () => {
      const done = this.#done + passes;
      let ahead = 0;
      for (const { left, perImage } of [this.#clean, this.#training, ...this.#parts.values()])
        ahead += left * perImage;
      this.#onProgress?.(what, done, Math.max(done, this.#done + ahead));
    };
    return {
      passes: (images) => {
        passes += images;
        tell();
      },
      finish: (images) => {
        part.left -= images;
        part.images += images;
        part.passes += of ? passes : images;
        part.perImage = part.passes / part.images;
        this.#done += of ? passes : images;
        passes = 0;
        tell();
      },
    };
  }
}

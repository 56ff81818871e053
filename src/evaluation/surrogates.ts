/** The surrogates that an evaluation needs: each is trained once, when an attack first needs it. */
import { range } from '../arrays.ts';
import { imagesAsFloats } from '../data/index.ts';
import { UserError } from '../errors.ts';
import { withPassCounter } from './attacking.ts';
import { keyOfPlanned } from './names.ts';
import type { EvaluationPlan, PlannedAttack, Surrogate } from './plan.ts';
import type { ProgressEstimator } from './progress-estimator.ts';

/**
 * Least reach of a surrogate, in pixel values. One surrogate serves every smaller budget, so that an
 * attack's result does not depend on which other budgets are evaluated.
 */
const REACH = 0.35;

/** What a surrogate is trained with, apart from the images. */
function settingsOf({ plan }: PlannedAttack) {
  const { norm, eps } = plan.threat;
  return {
    steps: plan.options.trainingSteps,
    reach: norm === 'Linf' ? Math.max(REACH, eps) : REACH,
  };
}

const keyOf = (model: string, planned: PlannedAttack) =>
  JSON.stringify([model, settingsOf(planned)]);

export const needsSurrogate = ({ plan }: PlannedAttack) => plan.attack.access === 'surrogate';

/** A surrogate with what its training cost. */
interface Trained extends Surrogate {
  /** Passes over single images on the model. */
  readonly forwards: number;
  readonly seconds: number;
}

export class Surrogates {
  readonly #plan: EvaluationPlan;
  readonly #progress: ProgressEstimator;
  readonly #trained = new Map<string, Trained>();

  /**
   * @throws UserError `no-surrogate` for a plan that needs a surrogate and cannot train one
   */
  constructor(plan: EvaluationPlan, progress: ProgressEstimator) {
    this.#plan = plan;
    this.#progress = progress;
    const users = plan.attacks.filter(needsSurrogate);
    const all = [...users, ...(plan.followUps ?? []).filter(needsSurrogate)];
    if (all.length > 0 && !plan.surrogates) {
      throw new UserError(
        'no-surrogate',
        `${all[0].plan.attack.name} needs a network distilled from each model, and this evaluation trains none`,
        { hint: 'give the evaluation training images for surrogates' },
      );
    }
    const needed = new Map<string, number>();
    for (const planned of users) {
      for (const { classifier } of plan.models) {
        if (plan.partial?.get(keyOfPlanned(classifier.name, planned))) continue;
        needed.set(keyOf(classifier.name, planned), settingsOf(planned).steps);
      }
    }
    progress.expectTraining([...needed.values()].reduce((sum, steps) => sum + steps, 0));
  }

  /** The surrogate of a model that an attack needs; undefined for an attack that needs none. */
  async of(
    { classifier }: EvaluationPlan['models'][number],
    planned: PlannedAttack,
  ): Promise<Trained | undefined> {
    const { surrogates } = this.#plan;
    if (!surrogates || !needsSurrogate(planned)) return undefined;
    const key = keyOf(classifier.name, planned);
    const known = this.#trained.get(key);
    if (known) return known;
    const { dataset, samples, seed } = this.#plan;
    const settings = settingsOf(planned);
    const label = `${classifier.name}: training a surrogate`;
    const work = this.#progress.begin(label, 'training', settings.steps);
    const started = performance.now();
    let forwards = 0;
    const counted = withPassCounter(classifier, (images) => {
      forwards += images;
    });
    const request = {
      ...settings,
      attacked: imagesAsFloats(dataset, range(Math.min(samples, dataset.count))),
      seed,
      onStep: () => work.finish(1),
    };
    const { classifier: surrogate, dispose } = await surrogates
      .train(counted, request)
      .catch((error: unknown) => {
        work.abandon();
        throw error;
      });
    const seconds = (performance.now() - started) / 1000;
    const trained = { classifier: surrogate, dispose, forwards, seconds };
    this.#trained.set(key, trained);
    return trained;
  }

  dispose(): void {
    for (const trained of this.#trained.values()) trained.dispose();
    this.#trained.clear();
  }
}

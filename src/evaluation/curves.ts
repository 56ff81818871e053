/**
 * How the share of images that stay correct falls with the budget, finely: what charts draw between the
 * budgets that were attacked. Verdicts and tables do not depend on it.
 */
import { row } from '../arrays.ts';
import { attackNamed, linearMaximum, type Norm, Oracle, planAttack } from '../attacks/index.ts';
import { type Dataset, imagesAsFloats, labelsAt } from '../data/index.ts';
import { RunError } from '../errors.ts';
import type { Classifier } from '../models/index.ts';
import { toSevenDigits } from '../numbers.ts';
import { batches, batchSizeFor, classify } from './accuracy.ts';
import { attackDataset } from './attacking.ts';
import type { EvaluationPlan } from './plan.ts';
import type { ModelRecord } from './records.ts';

/** Images that curves are measured on, the first of those attacked. */
const MOST_IMAGES = 128;
/**
 * Steps of the search for the smallest perturbation. Of 256 images of a student, Linf, it leaves 72.7,
 * 23.4 and 0.4 % at 0.1, 0.15 and 0.25, where 100 steps leave 70.7, 14.8 and 0.0 %.
 */
const STEPS = 40;
/** Budgets at which one step along the gradient is tried. */
const BUDGETS = 20;

type Curve = NonNullable<ModelRecord['curves']>[number];

/** The largest budget of every norm. */
function furthestOf(threats: readonly { readonly norm: Norm; readonly eps: number }[]) {
  const furthest = new Map<Norm, number>();
  for (const { norm, eps } of threats) furthest.set(norm, Math.max(eps, furthest.get(norm) ?? 0));
  return [...furthest].map(([norm, eps]) => ({ norm, eps })).filter(({ eps }) => eps > 0);
}

/**
 * Of the first images at `positions`, the smallest budget in which each is known not to stay correct (0
 * where it is wrong when clean), up to the largest budget of each norm: of the naive attack, one step
 * along the gradient of the softmax loss, by twentieths of that budget; and of FMN on the margin (Pintor
 * et al. 2021). Costs 43 forward and 42 backward passes an image and norm, and 20 forward passes more.
 * @returns no curves of a model without finite logits or gradients
 */
export async function measureCurves(
  classifier: Classifier,
  dataset: Dataset,
  positions: readonly number[],
  threats: readonly { readonly norm: Norm; readonly eps: number }[],
  { seed, levels }: Pick<EvaluationPlan, 'seed' | 'levels'>,
): Promise<Curve[]> {
  const shown = positions.slice(0, MOST_IMAGES);
  const curves: Curve[] = [];
  try {
    for (const { norm, eps } of furthestOf(threats)) {
      curves.push({
        norm,
        attack: 'fgsm',
        loss: 'softmax',
        eps,
        budgets: await oneStepBudgets(classifier, dataset, shown, { norm, eps }),
      });
      const plan = planAttack(attackNamed('fmn'), {
        norm,
        loss: 'margin',
        options: { steps: STEPS },
        classes: classifier.classes,
      });
      const { success, distance } = await attackDataset({
        plan,
        classifier,
        dataset,
        positions: shown,
        seed,
        ...(levels !== undefined && { levels }),
      });
      const budgets = distance.map((far, i) => (success[i] ? toSevenDigits(far) : null));
      curves.push({ norm, attack: 'fmn', loss: 'margin', eps, budgets });
    }
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return [];
  }
  return curves;
}

/** The smallest budget of a grid in which one step along the softmax loss's gradient succeeds. */
async function oneStepBudgets(
  classifier: Classifier,
  dataset: Dataset,
  positions: readonly number[],
  { norm, eps }: { readonly norm: Norm; readonly eps: number },
): Promise<(number | null)[]> {
  const oracle = new Oracle(classifier);
  const { features } = oracle;
  const budgets: (number | null)[] = [];
  for (const batch of batches(positions, batchSizeFor(features))) {
    const images = imagesAsFloats(dataset, batch);
    const labels = labelsAt(dataset, batch);
    const { gradient } = await oracle.lossGradients('softmax', images, {
      labels,
      targets: undefined,
    });
    const smallest = batch.map((): number | null => null);
    for (let step = 0; step <= BUDGETS; step++) {
      const budget = norm === 'L0' ? Math.round((step / BUDGETS) * eps) : (step / BUDGETS) * eps;
      const points = new Float32Array(images.length);
      for (let i = 0; i < batch.length; i++) {
        const [from, slope, to] = [images, gradient, points].map((all) => row(all, i, features));
        linearMaximum({ norm, eps: budget }, from, slope, to);
      }
      (await classify(classifier, points)).forEach((winner, i) => {
        if (winner !== labels[i]) smallest[i] ??= toSevenDigits(budget);
      });
    }
    budgets.push(...smallest);
  }
  return budgets;
}

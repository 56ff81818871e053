/** How accurate a model is under all attacks together, image by image. */
import { NORMS, type Threat } from '../attacks/index.ts';
import { type Rate, rateOf } from './accuracy.ts';
import { LARGE_EPS } from './large-eps.ts';
import { type AttackBudget, isFixedBudget } from './names.ts';
import type { AttackRecord, ModelRecord, WorstCase } from './records.ts';

/** Whether an attack tried to get an image into any wrong class, and not into one alone. */
export const aimsAnywhere = ({ target }: Pick<AttackRecord, 'target'>): boolean =>
  target === null || target === 'every';

/** How many images an attack visited, from the first on. */
const visited = ({ positions }: AttackRecord): number =>
  positions.reduce((most, position) => Math.max(most, position + 1), 0);

/** Whether a row is an adversarial example within a budget, whatever budget the attack had. */
function breaks(attack: AttackRecord, row: number, { norm, eps }: Threat): boolean {
  if (attack.norm !== norm || !attack.success[row]) return false;
  return (isFixedBudget(attack) && attack.eps <= eps) || attack.distance[row] <= eps;
}

/**
 * For every attacked image, whether the model is robust on it: right when clean, and no attack
 * succeeds within the budget. Attacks with a smaller budget count, and so does a smallest
 * perturbation that is small enough: another attack, or a larger budget, never raises the count.
 */
export function robustImages(
  model: Pick<ModelRecord, 'predicted'>,
  attacks: readonly AttackRecord[],
  labels: readonly number[],
  threat: Threat,
): boolean[] {
  const own = attacks.filter(
    (attack) => attack.norm === threat.norm && attack.eps === threat.eps && aimsAnywhere(attack),
  );
  const total = own.length === 0 ? 0 : Math.min(...own.map(visited));
  const robust = Array.from({ length: total }, (_, i) => model.predicted[i] === labels[i]);
  for (const attack of attacks) {
    attack.positions.forEach((position, row) => {
      if (position < total && breaks(attack, row, threat)) robust[position] = false;
    });
  }
  return robust;
}

/** The budgets of some attacks, each once. */
export function threatsOf(
  attacks: readonly (AttackBudget & Pick<AttackRecord, 'norm' | 'target'>)[],
): Threat[] {
  const threats = new Map<string, Threat>();
  for (const { norm, eps } of attacks.filter(isFixedBudget).filter(aimsAnywhere)) {
    threats.set(`${norm} ${eps}`, { norm, eps });
  }
  return [...threats.values()];
}

/** Sorts budgets: norms in their usual order, then by size. */
export const byNormAndSize = (a: Threat, b: Threat): number =>
  NORMS.indexOf(a.norm) - NORMS.indexOf(b.norm) || a.eps - b.eps;

/**
 * The budgets that verdicts are on, by norm and size: those at which a model may be robust. A larger
 * one checks the attacks.
 */
export const budgetsOf = (attacks: Parameters<typeof threatsOf>[0]): Threat[] =>
  threatsOf(attacks)
    .filter(({ norm, eps }) => eps < LARGE_EPS[norm])
    .sort(byNormAndSize);

/** Accuracy of a model under all of these attacks within a budget. */
export function worstCase(
  model: Pick<ModelRecord, 'predicted'>,
  attacks: readonly AttackRecord[],
  labels: readonly number[],
  threat: Threat,
): Rate {
  const robust = robustImages(model, attacks, labels, threat);
  return rateOf(robust.filter(Boolean).length, robust.length);
}

/** The worst case of every model and budget. */
export function worstCases(
  models: readonly ModelRecord[],
  attacks: readonly AttackRecord[],
  labels: readonly number[],
): WorstCase[] {
  return models.flatMap((model) => {
    const own = attacks.filter((attack) => attack.model === model.name);
    return threatsOf(own).map(({ norm, eps }) => ({
      model: model.name,
      norm,
      eps,
      ...worstCase(model, own, labels, { norm, eps }),
    }));
  });
}

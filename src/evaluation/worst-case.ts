/** What is left of a model under all attacks together, image by image. */
import type { Threat } from '../attacks/index.ts';
import { type Rate, rateOf } from './accuracy.ts';
import type { AttackRecord, ModelRecord, WorstCase } from './records.ts';

/** Whether an attack tried to get an image into any wrong class, and not into one alone. */
export const aimsAnywhere = ({ target }: Pick<AttackRecord, 'target'>): boolean =>
  target === null || target === 'every';

/** How many images an attack visited, from the first on. */
const visited = ({ positions }: AttackRecord): number =>
  positions.reduce((most, position) => Math.max(most, position + 1), 0);

/** Whether a row shows that its image falls within a budget: whatever the attack was meant for. */
function breaks(attack: AttackRecord, row: number, { norm, eps }: Threat): boolean {
  if (attack.norm !== norm || !attack.success[row]) return false;
  return (attack.eps !== null && attack.eps <= eps) || attack.distance[row] <= eps;
}

/**
 * For every attacked image, whether it was right when clean and no attack brought it down within
 * the budget. Attacks with a smaller budget count, and so does a smallest perturbation that is
 * small enough: another attack, or a larger budget, never raises what is left.
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
  const stands = Array.from({ length: total }, (_, i) => model.predicted[i] === labels[i]);
  for (const attack of attacks) {
    attack.positions.forEach((position, row) => {
      if (position < total && breaks(attack, row, threat)) stands[position] = false;
    });
  }
  return stands;
}

/** The budgets of some attacks, each once. */
export function threatsOf(
  attacks: readonly Pick<AttackRecord, 'norm' | 'eps' | 'target'>[],
): Threat[] {
  const threats = new Map<string, Threat>();
  for (const attack of attacks) {
    const { norm, eps } = attack;
    if (eps !== null && aimsAnywhere(attack)) threats.set(`${norm} ${eps}`, { norm, eps });
  }
  return [...threats.values()];
}

/** Accuracy of a model under all of these attacks within a budget. */
export function worstCase(
  model: Pick<ModelRecord, 'predicted'>,
  attacks: readonly AttackRecord[],
  labels: readonly number[],
  threat: Threat,
): Rate {
  const stands = robustImages(model, attacks, labels, threat);
  return rateOf(stands.filter(Boolean).length, stands.length);
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

/** What is proven of an evaluation's models, beside what attacks break. */
import { UserError } from '../errors.ts';
import { numberText } from '../numbers.ts';
import { type Rate, rateOf } from './accuracy.ts';
import { identityOf } from './names.ts';
import type { EvaluationPlan } from './plan.ts';
import type { AttackRecord, Certificates, EvaluationRecord, ModelRecord } from './records.ts';
import { robustImages, threatsOf } from './worst-case.ts';

/** The Linf budgets of the plan's attacks: each is certified on every model. */
export const certifiedBudgets = ({ attacks }: Pick<EvaluationPlan, 'attacks'>): number[] =>
  threatsOf(attacks.map(identityOf))
    .filter(({ norm }) => norm === 'Linf')
    .map(({ eps }) => eps);

/** @throws UserError `bad-plan` where proofs are asked for, and there is no budget for them */
export function checkCertifier(plan: Pick<EvaluationPlan, 'attacks' | 'certifier'>): void {
  if (!plan.certifier || certifiedBudgets(plan).length > 0) return;
  throw new UserError('bad-plan', 'there is no Linf budget to certify at', {
    hint: 'attack within Linf too, or leave the proofs out',
  });
}

/** Certifies every model at every Linf budget; what attacks broke is not worth costly bounds. */
export async function certifyModels(
  plan: EvaluationPlan,
  models: readonly ModelRecord[],
  attacks: readonly AttackRecord[],
  onProgress: (what: string, done: number, total: number) => void,
): Promise<Certificates[]> {
  const { certifier, dataset, samples, seed } = plan;
  const certificates: Certificates[] = [];
  if (!certifier) return certificates;
  const labels = Array.from(dataset.labels);
  for (const [at, { classifier }] of plan.models.entries()) {
    const own = attacks.filter(({ model }) => model === classifier.name);
    for (const eps of certifiedBudgets(plan)) {
      const what = `${classifier.name}: proofs at Linf ${numberText(eps)}`;
      const count = Math.min(samples, dataset.count);
      const started = performance.now();
      const robust = robustImages(models[at], own, labels, { norm: 'Linf', eps });
      const outcomes = await certifier.certify(plan.models[at], {
        dataset,
        samples: count,
        eps,
        seed,
        isBroken: (index) => robust[index] === false,
        onProgress: (done) => onProgress(what, done, count),
      });
      certificates.push({
        model: classifier.name,
        norm: 'Linf',
        eps,
        certified: certifiedRate(outcomes),
        seconds: (performance.now() - started) / 1000,
        outcomes: [...outcomes],
      });
    }
  }
  return certificates;
}

function certifiedRate(outcomes: Certificates['outcomes']): Rate {
  return rateOf(outcomes.filter((one) => one === 'certified').length, outcomes.length);
}

/** How many images are certified although an attack broke them: none, unless a bound is unsound. */
export function contradictions(
  model: ModelRecord,
  { certificates = [], attacks, data }: EvaluationRecord,
): number {
  const own = attacks.filter((attack) => attack.model === model.name);
  return certificates
    .filter((one) => one.model === model.name)
    .reduce((sum, { norm, eps, outcomes }) => {
      const robust = robustImages(model, own, data.labels, { norm, eps });
      return sum + outcomes.filter((one, i) => one === 'certified' && robust[i] === false).length;
    }, 0);
}

/** The certificates of several records; of the same one, that of more images. */
export function joinedCertificates(records: readonly EvaluationRecord[]): Certificates[] {
  const joined = new Map<string, Certificates>();
  for (const one of records.flatMap(({ certificates = [] }) => certificates)) {
    const key = `${one.model} ${one.norm} ${one.eps}`;
    const known = joined.get(key);
    if (!known || known.outcomes.length < one.outcomes.length) joined.set(key, one);
  }
  return [...joined.values()];
}

/** What stands on the board: models whose training and whose evaluation were kept. */
import { UserError } from '../../src/errors.ts';
import type { EvaluationRecord, ModelRecord } from '../../src/evaluation/index.ts';
import type { KeptRun } from '../../src/experiments/index.ts';

/** Linf budgets at which a data set is usually attacked. */
export const USUAL: Readonly<Record<string, number>> = { mnist: 0.3, 'fashion-mnist': 0.1 };

/** A run with its record, if it has one. */
export interface RunWithRecord {
  readonly run: KeptRun;
  readonly record?: EvaluationRecord;
}

/** A model that was measured within the usual budget of its data. */
export interface Entry {
  readonly data: string;
  readonly eps: number;
  readonly method: string;
  /** The settings that tell recipes of one method apart. */
  readonly recipe: string;
  readonly seed: number;
  /** Of its own training, without that of its teacher. */
  readonly seconds: number;
  readonly digest: string;
  readonly record: EvaluationRecord;
  readonly model: ModelRecord;
}

/** Digests by these names are of the models that a training made. */
const ROLES = ['baseline', 'teacher', 'student', 'adversarial', 'certified'] as const;

const roleOf = ({ kind }: KeptRun) => ROLES.find((role) => kind === `train-${role}`);

type Configuration = KeptRun['configuration'];

/** What the method is called. */
function methodOf(role: (typeof ROLES)[number], configuration: Configuration): string {
  const { temperature, attackEps, method, certifiedLoss, smoothedLoss, outlierShare } =
    configuration;
  if (role === 'baseline') return 'none (baseline)';
  if (role === 'teacher') return `teacher at T = ${temperature}`;
  if (role === 'certified') return String(certifiedLoss ?? smoothedLoss);
  if (role === 'adversarial') return String(method ?? 'pgd');
  if (attackEps !== undefined) return String(method ?? 'ard');
  if (outlierShare !== undefined) return 'extended defensive distillation';
  return temperature === 1 ? 'plain distillation' : `defensive distillation, T = ${temperature}`;
}

/** Settings that are told by the row itself, or that are not of the recipe. */
const NOT_OF_RECIPE = new Set(
  'data seed model method temperature robustTeacher certifiedLoss smoothedLoss'.split(' '),
);

const recipeOf = (configuration: Configuration): string =>
  Object.entries(configuration)
    .filter(([name]) => !NOT_OF_RECIPE.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** How many images of a model were attacked within a budget; with AutoAttack before without. */
function strengthOf({ record, model, eps }: Pick<Entry, 'record' | 'model' | 'eps'>): number {
  const own = record.attacks.filter(
    (attack) => attack.model === model.name && attack.norm === 'Linf' && attack.eps === eps,
  );
  const images = Math.max(0, ...own.map(({ robust }) => robust.total));
  return images === 0 ? 0 : images + (own.some(isAutoAttack) ? 1e9 : 0);
}

export const isAutoAttack = ({ attack }: { readonly attack: string }): boolean =>
  attack === 'autoattack';

/**
 * The entries of some runs: each model once, by the evaluation that attacked it most.
 * @throws UserError `no-entries` where no model was both trained and measured
 */
export function entriesOf(runs: readonly RunWithRecord[]): Entry[] {
  const trained = new Map<string, KeptRun>();
  for (const { run } of runs) {
    const role = roleOf(run);
    if (role) trained.set(run.digests[role], run);
  }
  const best = new Map<string, Entry>();
  for (const { record } of [...runs].sort((a, b) => (a.run.id < b.run.id ? -1 : 1))) {
    for (const model of record?.models ?? []) {
      const run = trained.get(model.digest);
      const role = run && roleOf(run);
      const data = String(run?.configuration.data);
      const eps = USUAL[data];
      if (!record || !role || eps === undefined || record.configuration.data !== data) continue;
      const entry = {
        ...{ data, eps, record, model },
        method: methodOf(role, run.configuration),
        recipe: recipeOf(run.configuration),
        seed: Number(run.configuration.seed),
        seconds: run.seconds,
        digest: model.digest,
      };
      const before = best.get(model.digest);
      const strength = strengthOf(entry);
      if (strength > (before ? strengthOf(before) : 0)) best.set(model.digest, entry);
    }
  }
  if (best.size > 0) return [...best.values()];
  throw new UserError('no-entries', 'no run is an evaluation of a model whose training was kept', {
    hint: 'train and evaluate with the same --runs folder, such as distill evaluate --attacks autoattack',
  });
}

/** What `attack` and `evaluate` do around a measurement: state and progress. */
import { join } from 'node:path';
import {
  type EvaluationPlan,
  evaluationDigest,
  identityOf,
  PartialEvaluation,
  type PlannedAttack,
} from '../evaluation/index.ts';
import { nameOfModel } from '../library/index.ts';
import { readModelCard } from '../models/index.ts';
import { counted, numberText } from '../numbers.ts';
import type { Terminal } from './terminal.ts';

/** The file in which an evaluation keeps what it has done until its record is saved. */
export const partialFile = (out: string): string => join(out, 'partial.json');

/**
 * Where an evaluation keeps what it has done; with `resume` it continues from there.
 * @throws UserError `foreign-state` when another evaluation left it
 */
export async function openPartial(
  { out, resume }: { readonly out: string; readonly resume?: true },
  plan: EvaluationPlan,
): Promise<PartialEvaluation> {
  const path = partialFile(out);
  const digest = evaluationDigest(plan);
  return resume ? PartialEvaluation.resume(path, digest) : PartialEvaluation.start(path, digest);
}

/** Every choice of an attack, in one line. */
export function describeAttack(planned: PlannedAttack): string {
  const { attack, norm, eps, loss, options, target, source } = identityOf(planned);
  const parts = [
    [attack, norm, eps === null ? '' : numberText(eps), loss ?? ''].filter(Boolean).join(' '),
    ...Object.entries(options).map(([name, value]) => `${name} ${numberText(value)}`),
    ...(target === null ? [] : [`target ${target}`]),
    ...(source === null ? [] : [`source ${source}`]),
  ];
  return `attack: ${parts.join(', ')}`;
}

/** Attacks up to this many are described one by one. */
const MOST_DESCRIBED = 6;

/** What will be run: each attack with every choice, or all of them in a line where they are many. */
export function describeAttacks(attacks: readonly PlannedAttack[]): string[] {
  if (attacks.length <= MOST_DESCRIBED) return attacks.map(describeAttack);
  const names = new Set(attacks.map((one) => identityOf(one).attack));
  return [`${counted(attacks.length, 'attack')}: ${[...names].join(', ')}`];
}

/** A plan without its models. */
export type ModelFreePlan = Omit<EvaluationPlan, 'models'>;

/** The digest of what `plan` would measure on the models in `folders`, which are not loaded. */
export async function digestOfPlan(
  folders: readonly string[],
  plan: ModelFreePlan,
): Promise<string> {
  const models = folders.map(async (folder) => {
    const { digest } = await readModelCard(folder);
    return { classifier: { name: nameOfModel(folder) }, digest };
  });
  return evaluationDigest({ ...plan, models: await Promise.all(models) });
}

/** A progress callback that shows what is being measured and how long the rest will take. */
export function evaluationProgress(terminal: Terminal): {
  onProgress(what: string, done: number, total: number): void;
  stop(): void;
} {
  const progress = terminal.progress('evaluate');
  return {
    onProgress: (what, done, total) => progress.update(done, total, what),
    stop: () => progress.stop(),
  };
}

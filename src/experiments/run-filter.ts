/** Conditions on runs, such as `temperature>=20`, and the order that they are listed in. */
import { UserError } from '../errors.ts';
import type { KeptRun } from './kept-run.ts';

type Value = string | number | boolean | null;

/** What a run is sorted and chosen by: facts, configuration and metrics by name. */
export function runValue(run: KeptRun, name: string): Value | undefined {
  if (Object.hasOwn(run.metrics, name)) return run.metrics[name];
  if (Object.hasOwn(run.configuration, name)) return run.configuration[name];
  const facts: Readonly<Record<string, Value>> = {
    id: run.id,
    kind: run.kind,
    outcome: run.outcome,
    engine: run.engine.name,
    started: run.startedAt,
    seconds: run.seconds,
  };
  return Object.hasOwn(facts, name) ? facts[name] : undefined;
}

/** Whether a run is wanted. */
export type Condition = (run: KeptRun) => boolean;

const COMPARISONS = {
  '=': (order: number) => order === 0,
  '!=': (order: number) => order !== 0,
  '>=': (order: number) => order >= 0,
  '<=': (order: number) => order <= 0,
  '>': (order: number) => order > 0,
  '<': (order: number) => order < 0,
} as const;

/** Numbers by size, all else by its text. */
function compare(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [one, other] = [String(a), String(b)];
  return one < other ? -1 : Number(one > other);
}

/**
 * Reads a condition; a run without the value does not meet it.
 * @throws UserError `bad-condition`
 */
export function parseCondition(text: string): Condition {
  const [, name, sign, wanted] = /^\s*([\w-]+)\s*(!=|>=|<=|=|>|<)\s*(.*?)\s*$/.exec(text) ?? [];
  if (name === undefined || wanted === '') {
    throw new UserError('bad-condition', `a condition is name=value, not "${text}"`, {
      hint: 'write such as temperature=20, accuracy>=0.95 or kind=evaluate',
    });
  }
  const meets = COMPARISONS[sign as keyof typeof COMPARISONS];
  return (run) => {
    const value = runValue(run, name);
    if (value === undefined) return false;
    const number = Number(wanted);
    return meets(
      compare(value, typeof value === 'number' && !Number.isNaN(number) ? number : wanted),
    );
  };
}

/** Runs in the order of a value; those without it last. */
export function sortRuns<T extends { readonly run: KeptRun }>(
  runs: readonly T[],
  name: string,
  isDescending: boolean,
): T[] {
  const sign = isDescending ? -1 : 1;
  return [...runs].sort((a, b) => {
    const [one, other] = [runValue(a.run, name), runValue(b.run, name)];
    if (one === undefined || other === undefined) {
      return Number(one === undefined) - Number(other === undefined);
    }
    return sign * compare(one, other);
  });
}

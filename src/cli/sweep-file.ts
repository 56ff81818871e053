/** `sweep.yaml`: a sweep in the words of `wandb sweep`, with the options of `distill run`. */
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { meantText, sameName } from '../closest.ts';
import { UserError } from '../errors.ts';
import {
  type Distribution,
  type EarlyTermination,
  fromUnit,
  GOALS,
  METHODS,
  METRIC_NAMES,
  METRICS,
  type Objective,
  type Scalar,
} from '../experiments/index.ts';
import { readText } from '../storage/index.ts';
import { choiceHint } from './spelling.ts';

const MAX_BYTES = 2 ** 20;

const DISTRIBUTIONS = [
  'constant',
  'categorical',
  'int_uniform',
  'uniform',
  'q_uniform',
  'log_uniform_values',
  'q_log_uniform_values',
] as const;

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const parameterSchema = z.strictObject({
  value: scalar.optional(),
  values: z.array(scalar).min(1).max(1000).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  /** Numbers are multiples of it. */
  q: z.number().positive().optional(),
  distribution: z.enum(DISTRIBUTIONS).optional(),
});

const metricSchema = z.strictObject({ name: z.enum(METRIC_NAMES), goal: z.enum(GOALS).optional() });

/** Successive halving: with `min_iter`, or with `max_iter` and `s` brackets below it. */
const terminationSchema = z.strictObject({
  type: z.literal('hyperband'),
  min_iter: z.int().min(1).max(1_000_000).optional(),
  max_iter: z.int().min(2).max(1_000_000).optional(),
  s: z.int().min(1).max(100).optional(),
  eta: z.number().min(2).max(1000).default(3),
});

const fileSchema = z.strictObject({
  name: z.string().optional(),
  description: z.string().optional(),
  method: z.enum(METHODS),
  /** One goal, or two, which give a front. */
  metric: z.preprocess(
    (value) => (value === undefined ? value : [value].flat()),
    z.array(metricSchema).min(1).max(2).optional(),
  ),
  parameters: z.record(z.string(), parameterSchema),
  run_cap: z.int().min(1).optional(),
  /** Of `bayes`: points that are tried at once. */
  at_once: z.int().min(1).max(256).optional(),
  seeds: z.int().min(1).max(1000).optional(),
  early_terminate: terminationSchema.optional(),
});

type ParameterText = z.infer<typeof parameterSchema>;

/** What a file says, or what was typed instead. */
export interface AskedSweep {
  readonly method: (typeof METHODS)[number];
  readonly objectives: readonly Objective[];
  readonly parameters: Readonly<Record<string, Distribution>>;
  readonly runCap?: number;
  readonly atOnce?: number;
  readonly seeds?: number;
  readonly earlyTermination?: EarlyTermination;
}

/** Keys of `wandb sweep` that say how a program is started. */
const PROGRAM_KEYS = ['program', 'command', 'project', 'entity', 'controller', 'imageuri', 'job'];

/** Keys whose values are names out of a list. */
const NAMED_VALUES: Readonly<Record<string, readonly string[]>> = {
  method: METHODS,
  name: METRIC_NAMES,
  goal: GOALS,
  distribution: DISTRIBUTIONS,
};

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A mapping with the keys, and the names among its values, in the spelling of the program. */
function spelled(value: unknown, keys: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((one) => spelled(one, keys));
  if (!isMapping(value)) return value;
  const entries = Object.entries(value).map(([key, content]): [string, unknown] => {
    const known = sameName(key, keys) ?? key;
    const names = NAMED_VALUES[known];
    const isName = names !== undefined && typeof content === 'string';
    return [known, isName ? (sameName(content, names) ?? content) : content];
  });
  return Object.fromEntries(entries);
}

/** A whole file so; the description and the name of a sweep stay as they are. */
function spelledFile(content: unknown): unknown {
  if (!isMapping(content)) return content;
  const file = spelled(content, FILE_KEYS);
  if (!isMapping(file)) return file;
  const { name, metric, parameters } = file;
  return {
    ...file,
    ...(name !== undefined && { name: content.name ?? name }),
    ...(metric !== undefined && { metric: [spelled(metric, METRIC_KEYS)].flat() }),
    ...(isMapping(parameters) && {
      parameters: Object.fromEntries(
        Object.entries(parameters).map(([key, one]) => [key, spelled(one, PARAMETER_KEYS)]),
      ),
    }),
  };
}

const FILE_KEYS = Object.keys(fileSchema.shape);
const METRIC_KEYS = Object.keys(metricSchema.shape);
const PARAMETER_KEYS = Object.keys(parameterSchema.shape);

/** The keys that a mapping at this place of a file may have. */
function keysAt([first, ...rest]: readonly PropertyKey[]): readonly string[] {
  if (first === undefined) return FILE_KEYS;
  if (first === 'metric') return METRIC_KEYS;
  return rest.length > 0 ? PARAMETER_KEYS : [];
}

function problemOf({ issues }: z.ZodError, content: unknown): { problem: string; hint?: string } {
  // A key that is missing may be the one that is mistyped.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  const where = issue.path.map(String).join('.');
  const stray = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  if (stray !== undefined && PROGRAM_KEYS.includes(stray)) {
    return {
      problem: `'${stray}' has no meaning here`,
      hint: 'leave it out: every trial is the recipe of this program, and parameters are its options',
    };
  }
  const prefix = where === '' ? '' : `${where}: `;
  if (stray !== undefined) {
    const keys = keysAt(issue.path);
    return { problem: `${prefix}there is no key '${stray}'`, hint: choiceHint(stray, keys) };
  }
  const given = issue.path.reduce<unknown>(
    (value, key) =>
      isMapping(value) || Array.isArray(value) ? Reflect.get(value, key) : undefined,
    content,
  );
  if (issue.code === 'invalid_value' && typeof given === 'string') {
    const names = issue.values.map(String);
    return { problem: `${prefix}'${given}' is not known`, hint: choiceHint(given, names) };
  }
  const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  return { problem: `${prefix}${message}` };
}

/**
 * Reads a sweep.
 * @throws UserError `bad-sweep-file`
 */
export async function readSweepFile(file: string): Promise<AskedSweep> {
  const fail = (problem: string, cause?: unknown, hint?: string) =>
    new UserError('bad-sweep-file', `cannot use ${file}: ${problem}`, {
      hint: hint ?? 'docs/experiments.md shows a sweep.yaml',
      cause,
    });
  const document = parseDocument(await readText(file, fail, MAX_BYTES), { logLevel: 'silent' });
  const [error] = document.errors;
  if (error) throw fail(error.message.split('\n')[0].replace(/:$/, ''), error);
  const content = spelledFile(document.toJS({ maxAliasCount: 0 }));
  const parsed = fileSchema.safeParse(content);
  if (!parsed.success) {
    const { problem, hint } = problemOf(parsed.error, content);
    throw fail(problem, parsed.error, hint);
  }
  const { method, metric = [], parameters, run_cap: runCap, at_once: atOnce, seeds } = parsed.data;
  const objectives = metric.map(objectiveOf);
  if (method === 'bayes' && objectives.length === 0) {
    throw fail('method bayes needs a metric to look for');
  }
  const { early_terminate: termination } = parsed.data;
  if (method === 'bayes' && termination) {
    throw fail('early_terminate is for method grid or random: bayes learns from trials that end');
  }
  if (method !== 'bayes' && atOnce !== undefined) throw fail('at_once is for method bayes');
  const entries = Object.entries(parameters).map(([key, text]): [string, Distribution] => {
    const name = key.replaceAll('_', '-').toLowerCase();
    return [name, distributionOf(text, (problem) => fail(`parameters.${key}: ${problem}`))];
  });
  return {
    method,
    objectives,
    parameters: Object.fromEntries(entries),
    ...(runCap !== undefined && { runCap }),
    ...(atOnce !== undefined && { atOnce }),
    ...(seeds !== undefined && { seeds }),
    ...(termination && {
      earlyTermination: terminationOf(termination, (problem) =>
        fail(`early_terminate: ${problem}`),
      ),
    }),
  };
}

function terminationOf(
  { min_iter: minIter, max_iter: maxIter, s, eta }: z.infer<typeof terminationSchema>,
  fail: (problem: string) => UserError,
): EarlyTermination {
  if ((minIter === undefined) === (maxIter === undefined)) {
    throw fail('give min_iter, or max_iter and s');
  }
  if ((maxIter === undefined) !== (s === undefined)) throw fail('max_iter and s go together');
  return minIter !== undefined
    ? { eta, minIter }
    : { eta, ...(maxIter !== undefined && { maxIter }), ...(s !== undefined && { brackets: s }) };
}

function objectiveOf({
  name,
  goal,
}: {
  name: Objective['name'];
  goal?: Objective['goal'] | undefined;
}): Objective {
  const metric = METRICS[name];
  return { name, goal: goal ?? ('goal' in metric ? metric.goal : 'maximize') };
}

function distributionOf(
  { value, values, min, max, q, distribution }: ParameterText,
  fail: (problem: string) => UserError,
): Distribution {
  const listed = values ?? (value === undefined ? undefined : [value]);
  if (listed) {
    const isRange =
      distribution !== undefined && !['constant', 'categorical'].includes(distribution);
    if (min !== undefined || max !== undefined || q !== undefined || isRange) {
      throw fail('give values, or min and max, not both');
    }
    return { kind: 'choice', values: listed };
  }
  if (min === undefined || max === undefined) throw fail('give value, values, or min and max');
  if (!(min < max)) throw fail(`min is ${min} and max ${max}: min must be smaller`);
  const usual = Number.isInteger(min) && Number.isInteger(max) ? 'int_uniform' : 'uniform';
  const kind = distribution ?? usual;
  if (kind === 'constant' || kind === 'categorical') throw fail(`${kind} needs value or values`);
  const isLog = kind.includes('log');
  if (isLog && !(min > 0)) throw fail(`min must be above 0 for ${kind}`);
  if (kind.startsWith('q_') !== (q !== undefined)) {
    throw fail(q === undefined ? `${kind} needs q` : `q is for q_uniform or q_log_uniform_values`);
  }
  const step = kind === 'int_uniform' ? 1 : q;
  const range = { kind: 'range', min, max, isLog, ...(step !== undefined && { step }) } as const;
  if (step !== undefined && Math.ceil(min / step) > Math.floor(max / step)) {
    throw fail(`no multiple of ${step} lies from ${min} to ${max}`);
  }
  return range;
}

/** How many values of a range are tried before a sweep begins. */
const PROBES = [0, 0.123456, 0.5, 0.876543, 1];

/**
 * Checks that every parameter is an option, and takes what its distribution gives.
 * @param check throws for a value that the option does not take
 * @throws UserError `bad-sweep-file`, or what `check` throws
 */
export function checkParameters(
  parameters: Readonly<Record<string, Distribution>>,
  names: readonly string[],
  check: (name: string, value: Scalar) => void,
): void {
  for (const [name, distribution] of Object.entries(parameters)) {
    if (!names.includes(name)) {
      throw new UserError('bad-sweep-file', `'${name}' is no parameter of a trial`, {
        hint: `${meantText(name, names)}parameters are ${names.join(', ')}; seeds are given by their number`,
      });
    }
    const values =
      distribution.kind === 'choice'
        ? distribution.values
        : PROBES.map((unit) => fromUnit(distribution, unit));
    for (const value of values) check(name, value);
  }
}

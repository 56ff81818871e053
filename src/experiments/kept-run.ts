/** A run that is kept: what was asked for, what made it and what came out, in a folder of its own. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { readText, sha256, writeFileAtomically } from '../storage/index.ts';

export const RUN_SCHEMA = 'distill-kept-run/1';
export const RUN_FILE = 'run.json';
const MAX_RUN_BYTES = 2 ** 20;

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const runSchema = z.strictObject({
  schema: z.literal(RUN_SCHEMA),
  id: z.string().regex(/^[\w.-]{1,100}$/),
  /** The command that made it, or `trial` of a sweep. */
  kind: z.string(),
  program: z.string(),
  /** Arguments that repeat it. */
  command: z.array(z.string()),
  startedAt: z.iso.datetime(),
  seconds: z.number().min(0),
  engine: z.strictObject({ name: z.string(), instructionSet: z.string() }),
  /**
   * `diverged`: training did not come to weights; there are no metrics. `stopped`: a training as far
   * as a rung of successive halving, with its accuracy on validation images.
   */
  outcome: z.enum(['done', 'diverged', 'stopped']),
  configuration: z.record(z.string(), scalar),
  /** Numbers that runs are sorted and compared by. */
  metrics: z.record(z.string(), z.number()),
  /** Digests of what went in and came out, by name, such as `student`. */
  digests: z.record(z.string(), z.string()),
  /** SHA-256 of the files beside this one. */
  files: z.record(z.string().regex(/^[\w-][\w.-]*$/), z.string()),
});

export type KeptRun = z.infer<typeof runSchema>;

/** Writes a run's files, and last of all what says that it is there. */
export async function writeRun(
  folder: string,
  run: Omit<KeptRun, 'schema' | 'files'>,
  files: Readonly<Record<string, string>>,
): Promise<KeptRun> {
  const digests: Record<string, string> = {};
  for (const [name, content] of Object.entries(files)) {
    await writeFileAtomically(join(folder, name), content);
    digests[name] = sha256(content);
  }
  const whole: KeptRun = { schema: RUN_SCHEMA, ...run, files: digests };
  await writeFileAtomically(join(folder, RUN_FILE), `${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}

/**
 * Reads a run.
 * @throws UserError `bad-run` when there is none, or it is not what was written
 */
export async function readRun(folder: string): Promise<KeptRun> {
  const path = join(folder, RUN_FILE);
  const fail = (problem: string, cause?: unknown) =>
    new UserError('bad-run', `cannot read ${path}: ${problem}`, {
      hint: 'name another run, or delete its folder',
      cause,
    });
  const text = await readText(path, fail, MAX_RUN_BYTES);
  try {
    return runSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw fail('it is no run, or of another version', cause);
  }
}

/** Whether every file of a run is still the one that was written. */
export async function isWhole(folder: string, { files }: KeptRun): Promise<boolean> {
  for (const [name, digest] of Object.entries(files)) {
    const content = await readFile(join(folder, name)).catch(() => undefined);
    if (content === undefined || sha256(content) !== digest) return false;
  }
  return true;
}

/** How `evaluate`, `check` and `run` end: files and lines for CI systems, and the exit code. */
import { basename, dirname } from 'node:path';
import { type EvaluationRecord, requireAttacks, requireGates } from '../evaluation/index.ts';
import { writeFiles } from '../library/index.ts';
import { githubAnnotations, junit, logLine, sarif, withAnswer } from '../report/index.ts';
import type { CiFlags, OutputOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

/** Where the result is one line, there is no progress either. */
export const quietFor = <F extends CiFlags & OutputOptions>(flags: F): F =>
  flags.log === 'text' ? flags : { ...flags, quiet: true };

async function writeCiFiles(flags: CiFlags, record: EvaluationRecord): Promise<void> {
  const files: [string | undefined, string][] = [
    [flags.junit, junit(record)],
    [flags.sarif, sarif(record)],
  ];
  for (const [path, content] of files) {
    if (path !== undefined) await writeFiles(dirname(path), { [basename(path)]: content });
  }
}

/** The result in the form that `--log` asks for; undefined for the usual one. */
function resultText({ log }: CiFlags, record: EvaluationRecord): string | undefined {
  if (log === 'text') return undefined;
  const annotations = log === 'github' ? githubAnnotations(record) : [];
  return [...annotations, logLine(record)].join('\n');
}

/** The result of a command that evaluates. */
interface Result {
  readonly record: EvaluationRecord;
  /** For people. */
  readonly text: string;
  /** Which files there are now. */
  readonly notes?: readonly string[];
  /** The command worth typing next. */
  readonly next?: string;
  /** What `--json` prints; absent: the record, the answer in front. */
  readonly json?: unknown;
}

/**
 * Writes what CI systems read, prints the result, and fails where an attack or a gate did.
 * @throws RunError `failed-attack`; GateError `gate`
 */
export async function endWith(
  flags: CiFlags,
  terminal: Terminal,
  { record, text, notes = [], next, json = withAnswer(record) }: Result,
): Promise<void> {
  await writeCiFiles(flags, record);
  terminal.print(resultText(flags, record) ?? text);
  for (const note of notes) terminal.note(note);
  if (next !== undefined) terminal.next(next);
  terminal.record(json);
  requireAttacks(record);
  requireGates(record);
}

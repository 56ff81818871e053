/** What `evaluate` and `run` leave for CI systems. */
import { basename, dirname } from 'node:path';
import type { EvaluationRecord } from '../evaluation/index.ts';
import { writeFiles } from '../library/index.ts';
import { githubAnnotations, junit, logLine, sarif } from '../report/index.ts';
import type { CiFlags, OutputOptions } from './options.ts';

/** Where the result is one line, there is no progress either. */
export const quietFor = <F extends CiFlags & OutputOptions>(flags: F): F =>
  flags.log === 'text' ? flags : { ...flags, quiet: true };

export async function writeCiFiles(flags: CiFlags, record: EvaluationRecord): Promise<void> {
  const files: [string | undefined, string][] = [
    [flags.junit, junit(record)],
    [flags.sarif, sarif(record)],
  ];
  for (const [path, content] of files) {
    if (path !== undefined) await writeFiles(dirname(path), { [basename(path)]: content });
  }
}

/** The result in the form that `--log` asks for; undefined for the usual one. */
export function resultText({ log }: CiFlags, record: EvaluationRecord): string | undefined {
  if (log === 'text') return undefined;
  const annotations = log === 'github' ? githubAnnotations(record) : [];
  return [...annotations, logLine(record)].join('\n');
}

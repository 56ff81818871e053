/** Records as pages, and files as they are: whole or not at all. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.ts';
import type { EvaluationRecord } from '../evaluation/index.ts';
import { buildReport, type Report, type Wording } from '../report/index.ts';
import { writeFileAtomically } from '../storage/index.ts';

/** How a report names an evaluation where a program, not the command line, made it. */
const WORDING: Wording = {
  commandText: ({ model, attacks, eps, norm, samples, seed }) => {
    const what = 'preset' in attacks ? attacks : { attacks: attacks.names };
    const options = { models: [model], ...what, norm, eps, samples, seed };
    return `evaluate(${JSON.stringify(options)})`;
  },
  commandLine: (command) => (command.length === 0 ? 'evaluate()' : command.join(' ')),
};

/**
 * Makes a report of one or more records of the same images: a page, charts, Markdown, JSON. The
 * same records and models give the same bytes.
 *
 * @param wording how commands are written; by default as calls of this library
 * @throws UserError `foreign-record`, `bad-record`; RunError `not-built`
 */
export function report(
  records: readonly EvaluationRecord[],
  wording: Wording = WORDING,
): Promise<Report> {
  return buildReport(records, wording);
}

/**
 * Writes files by their paths inside a folder, such as those of a report; each appears whole or
 * not at all.
 * @throws UserError or RunError `unwritable`
 */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>> | ReadonlyMap<string, Uint8Array | string>,
): Promise<void> {
  for (const [name, content] of files instanceof Map ? files : Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true }).catch((cause) => {
      throw new UserError('unwritable', `cannot make the folder ${dirname(path)}`, { cause });
    });
    await writeFileAtomically(path, content);
  }
}

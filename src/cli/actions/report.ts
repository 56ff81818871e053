/** `distill report`: records as a page, as Markdown or as JSON. */
import { readdir } from 'node:fs/promises';
import { UserError } from '../../errors.ts';
import { type EvaluationRecord, joinRecords } from '../../evaluation/index.ts';
import { writeFiles } from '../../library/index.ts';
import { answerOf, buildReport, headline, readRecord } from '../../report/index.ts';
import { commandLine, WORDING } from '../command-text.ts';
import type { ReportFlags } from '../commands/report.ts';
import { Terminal } from '../terminal.ts';

/** Names of which one is in every folder that this program put results into. */
const OWN = ['results.json', 'evaluation.json', 'evaluate', 'attack'];
/** What a `check` that was interrupted leaves there. */
const BEGUN = ['models', 'partial.json'];

/**
 * Makes sure that a report spills into no folder of something else, before time is spent on it.
 * @throws UserError `foreign-folder` when there are files in it, and none of this program
 */
export async function checkReportFolder(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.'));
  const found = names.find((name) => !BEGUN.includes(name));
  if (found === undefined || names.some((name) => OWN.includes(name))) return;
  throw new UserError('foreign-folder', `${folder} holds ${found}, and nothing of a report`, {
    hint: 'name a folder that does not exist yet, or one with a report',
  });
}

/** Writes the report of some records into a folder; returns the path of its page. */
export async function writeReport(
  records: readonly EvaluationRecord[],
  folder: string,
  terminal: Terminal,
): Promise<string> {
  const { files, notes } = await buildReport(records, WORDING);
  await writeFiles(folder, files);
  for (const note of notes) terminal.note(note);
  return `${folder}/index.html`;
}

/** To attack digits that the reader draws. */
const nextOf = ([{ models }]: readonly EvaluationRecord[]): string =>
  commandLine(['playground', '--model', ...models.map(({ folder }) => folder)]);

export async function action({ from, out, format, json, ...options }: ReportFlags): Promise<void> {
  const terminal = new Terminal({ ...options, ...(json && { json }) });
  if (format === 'html' && !json) await checkReportFolder(out);
  const records = await Promise.all(from.map(readRecord));
  if (format === 'html' && !json) {
    const page = await writeReport(records, out, terminal);
    terminal.note(headline(answerOf(joinRecords(records))));
    terminal.print(page);
    terminal.next(nextOf(records));
    return;
  }
  const { files } = await buildReport(records, WORDING);
  const resultsText = String(files.get('results.json'));
  terminal.record(JSON.parse(resultsText));
  terminal.print((format === 'json' ? resultsText : String(files.get('report.md'))).trimEnd());
}

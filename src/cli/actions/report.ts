/** `distill report`: records as a page, as Markdown or as JSON. */
import { type EvaluationRecord, joinRecords } from '../../evaluation/index.ts';
import { writeFiles } from '../../library/index.ts';
import { answerOf, buildReport, headline, readRecord } from '../../report/index.ts';
import { commandLine, WORDING } from '../command-text.ts';
import type { ReportFlags } from '../commands/report.ts';
import { Terminal } from '../terminal.ts';

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

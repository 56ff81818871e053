/** `distill report`: records as a page, as Markdown or as JSON. */
import type { EvaluationRecord } from '../../evaluation/index.ts';
import { writeFiles } from '../../library/index.ts';
import { buildReport, readRecord } from '../../report/index.ts';
import { WORDING } from '../command-text.ts';
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

export async function action({ from, out, format, json, ...options }: ReportFlags): Promise<void> {
  const terminal = new Terminal({ ...options, ...(json && { json }) });
  const records = await Promise.all(from.map(readRecord));
  if (format === 'html' && !json) {
    terminal.print(await writeReport(records, out, terminal));
    return;
  }
  const { files } = await buildReport(records, WORDING);
  const resultsText = String(files.get('results.json'));
  terminal.record(JSON.parse(resultsText));
  terminal.print((format === 'json' ? resultsText : String(files.get('report.md'))).trimEnd());
}

import { Command, Option } from 'commander';
import type { EvaluationRecord } from '../../evaluation/index.ts';
import { addOutputOptions, type OutputOptions } from '../options.ts';
import type { Terminal } from '../terminal.ts';

const FORMATS = ['html', 'markdown', 'json'] as const;

interface Flags extends OutputOptions {
  readonly from: readonly string[];
  readonly out: string;
  readonly format: (typeof FORMATS)[number];
}

/** Writes the report of some records into a folder; returns the path of its page. */
export async function writeReport(
  records: readonly EvaluationRecord[],
  folder: string,
  terminal: Terminal,
): Promise<string> {
  const { buildReport } = await import('../../report/index.ts');
  const { saveResults } = await import('../evaluation-run.ts');
  const { WORDING } = await import('../command-text.ts');
  const { files, notes } = await buildReport(records, WORDING);
  await saveResults(folder, files);
  for (const note of notes) terminal.note(note);
  return `${folder}/index.html`;
}

async function report({ from, out, format, json, ...options }: Flags): Promise<void> {
  const { Terminal } = await import('../terminal.ts');
  const { buildReport, readRecord } = await import('../../report/index.ts');
  const terminal = new Terminal({ ...options, ...(json && { json }) });
  const records = await Promise.all(from.map(readRecord));
  if (format === 'html' && !json) {
    terminal.print(await writeReport(records, out, terminal));
    return;
  }
  const { WORDING } = await import('../command-text.ts');
  const { files } = await buildReport(records, WORDING);
  const resultsText = String(files.get('results.json'));
  terminal.record(JSON.parse(resultsText));
  terminal.print((format === 'json' ? resultsText : String(files.get('report.md'))).trimEnd());
}

export function reportCommand(): Command {
  const command = new Command('report')
    .description('make a page, charts and a summary out of the records of evaluations')
    .option('--from <records...>', 'records of the same images', [
      'report/evaluate/evaluation.json',
    ])
    .option('--out <folder>', 'folder for the page, its charts and results.json', 'report')
    .addOption(
      new Option('--format <name>', 'html writes the folder, the others print')
        .choices(FORMATS)
        .default('html'),
    );
  return addOutputOptions(command, 'the same as --format json')
    .addHelpText(
      'after',
      '\nExample:\n  distill report --from report/evaluate/evaluation.json --format markdown',
    )
    .action(report);
}

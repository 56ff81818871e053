import { Command, Option } from 'commander';
import type { Action } from '../lazily.ts';
import { addOutputOptions, type OutputOptions } from '../options.ts';

const FORMATS = ['html', 'markdown', 'json'] as const;

export interface ReportFlags extends OutputOptions {
  readonly from: readonly string[];
  readonly out: string;
  readonly format: (typeof FORMATS)[number];
}

export function reportCommand(action: Action<[ReportFlags]>): Command {
  const command = new Command('report')
    .description('turn evaluation records into a page, charts and a summary')
    .option('--from <records...>', 'records to report, all of the same images', [
      'report/evaluate/evaluation.json',
    ])
    .option('--out <folder>', 'folder for the page, its charts and results.json', 'report')
    .addOption(
      new Option('--format <name>', 'html writes the folder; markdown and json print')
        .choices(FORMATS)
        .default('html'),
    );
  return addOutputOptions(command, 'the same as --format json')
    .addHelpText(
      'after',
      '\nExample:\n  distill report --from report/evaluate/evaluation.json --format markdown',
    )
    .action(action);
}

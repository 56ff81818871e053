import { Command } from 'commander';
import { addImportOptions, type ImportOptionFlags, MODEL_FILES } from '../import-options.ts';
import type { Action } from '../lazily.ts';
import { addMeasureOptions, type MeasureFlags } from './evaluate.ts';

export interface CheckFlags extends MeasureFlags, ImportOptionFlags {
  readonly resume?: true;
  readonly out: string;
}

export function checkCommand(action: Action<[source: string, flags: CheckFlags]>): Command {
  const command = new Command('check')
    .description(
      'say how robust a model is: import it where another program trained it, evaluate it, write the page',
    )
    .argument('<model>', `model folder, ${MODEL_FILES}`)
    .option('--resume', 'resume an interrupted evaluation')
    .option(
      '--out <folder>',
      'folder for the page, the record and the imported model',
      'report/check',
    );
  return addMeasureOptions(addImportOptions(command), 'standard')
    .addHelpText(
      'after',
      '\nExamples:\n  distill check classifier.keras --data mnist\n  distill check models/student --preset quick --min-robust-accuracy 0.5',
    )
    .action(action);
}

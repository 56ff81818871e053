import { Command } from 'commander';
import { addImportOptions, type ImportOptionFlags, MODEL_FILES } from '../import-options.ts';
import type { Action } from '../lazily.ts';
import {
  addDataOptions,
  addGateOptions,
  addSharedOptions,
  type DataOptions,
  type GateFlags,
  type SharedOptions,
} from '../options.ts';
import { addScopeOptions, type ScopeFlags } from './evaluate.ts';

export interface CheckFlags
  extends SharedOptions,
    DataOptions,
    GateFlags,
    ScopeFlags,
    ImportOptionFlags {
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
  const scoped = addScopeOptions(addImportOptions(command), 'standard');
  return addSharedOptions(addGateOptions(addDataOptions(scoped)))
    .addHelpText(
      'after',
      '\nExamples:\n  distill check classifier.keras --data mnist\n  distill check models/student --preset quick --min-robust-accuracy 0.5',
    )
    .action(action);
}

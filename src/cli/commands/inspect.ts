import { Command } from 'commander';
import { addModelFileOptions, MODEL_FILES, type ModelFileFlags } from '../import-options.ts';
import type { Action } from '../lazily.ts';
import { addEngineOptions, type EngineOptions } from '../options.ts';

export interface InspectFlags extends EngineOptions, ModelFileFlags {}

export function inspectCommand(action: Action<[source: string, flags: InspectFlags]>): Command {
  const command = new Command('inspect')
    .description('show what a model is: layers, shapes, parameters, classes, pixel range, origin')
    .argument('<model>', `model folder, ${MODEL_FILES}`);
  return addEngineOptions(addModelFileOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  distill inspect models/student\n  distill inspect classifier.h5 --json',
    )
    .action(action);
}

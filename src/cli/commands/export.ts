import { Command, Option } from 'commander';
import { EXPORT_FORMATS } from '../../models/export/formats.ts';
import type { ExportFormat } from '../../models/index.ts';
import type { Action } from '../lazily.ts';
import { addOutputOptions, type OutputOptions } from '../options.ts';

export interface ExportFlags extends OutputOptions {
  readonly model: string;
  readonly format: ExportFormat;
  readonly out: string;
}

export function exportCommand(action: Action<[ExportFlags]>): Command {
  const command = new Command('export')
    .description('write a model in another format (a model folder itself is a SavedModel)')
    .option('--model <folder>', 'model folder', 'models/student')
    .addOption(
      new Option('--format <name>', 'format to write')
        .choices(EXPORT_FORMATS)
        .makeOptionMandatory(),
    )
    .requiredOption('--out <path>', 'file to write; with --format tfjs, a folder')
    .addHelpText(
      'after',
      '\nExamples:\n  distill export --format onnx --out student.onnx\n  distill export --model models/teacher --format tfjs --out public/teacher',
    );
  return addOutputOptions(command).action(action);
}

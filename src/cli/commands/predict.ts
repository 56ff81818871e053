import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import {
  addDataOptions,
  addEngineOptions,
  type DataOptions,
  type EngineOptions,
} from '../options.ts';
import { integer } from '../parsers.ts';

export interface PredictFlags extends EngineOptions, DataOptions {
  readonly model: string;
  readonly index?: number;
  readonly image?: readonly string[];
}

export function predictCommand(action: Action<[PredictFlags]>): Command {
  const command = new Command('predict')
    .description('classify a test image or pictures, with probabilities at T = 1')
    .option('--model <folder>', 'model folder', 'models/student')
    .option('--index <n>', 'number of a test image, from 0', integer('--index', 0))
    .option('--image <files...>', 'PNG, JPEG or WebP files of any size and color');
  return addEngineOptions(addDataOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  distill predict --index 0\n  distill predict --model models/student --image digit.png',
    )
    .action(action);
}

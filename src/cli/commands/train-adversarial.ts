import { Command } from 'commander';
import { ADVERSARIAL_METHODS } from '../../training/settings.ts';
import type { Action } from '../lazily.ts';
import { addSharedOptions, type SharedOptions } from '../options.ts';
import {
  type AdversaryFlags,
  addAdversaryOptions,
  addMethodOption,
  addOutOption,
  addTemperatureOption,
  addTrainingOptions,
  addTrainingRunOptions,
  type TrainingFlags,
  type TrainingRunFlags,
} from '../training-options.ts';
import { refuseUnused } from '../unused-options.ts';

export interface TrainAdversarialFlags
  extends SharedOptions,
    TrainingRunFlags,
    TrainingFlags,
    AdversaryFlags {
  readonly out: string;
}

export function trainAdversarialCommand(action: Action<[TrainAdversarialFlags]>): Command {
  const command = new Command('train-adversarial').description(
    'train on attacked images (PGD adversarial training): a defense that works, for comparison',
  );
  addAdversaryOptions(addTrainingOptions(addTemperatureOption(command, 1)));
  addMethodOption(command, ADVERSARIAL_METHODS);
  refuseUnused<TrainAdversarialFlags>(command, ['attackSteps'], ({ method }) =>
    method === 'fast' ? { why: 'with fast', hint: 'fast takes one step: leave it out' } : undefined,
  );
  addTrainingRunOptions(addOutOption(command, 'models/adversarial')).addHelpText(
    'after',
    `
Examples:
  distill train-adversarial --eps 0.3
  distill train-adversarial --method trades --attack-steps 10
  distill train-adversarial --temperature 40 --out models/robust-teacher`,
  );
  return addSharedOptions(command).action(action);
}

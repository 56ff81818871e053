import { Command, Option } from 'commander';
import type { CertifiedLoss } from '../../training/index.ts';
import { CERTIFIED_LOSSES, DEFAULTS } from '../../training/settings.ts';
import type { Action } from '../lazily.ts';
import { addSharedOptions, type SharedOptions } from '../options.ts';
import { decimal } from '../parsers.ts';
import {
  addOutOption,
  addTrainingOptions,
  addTrainingRunOptions,
  type TrainingFlags,
  type TrainingRunFlags,
} from '../training-options.ts';

export interface TrainCertifiedFlags
  extends SharedOptions,
    TrainingRunFlags,
    Omit<TrainingFlags, 'temperature'> {
  readonly eps: string;
  readonly loss: CertifiedLoss;
  readonly ordinaryShare: number;
  readonly out: string;
}

export function trainCertifiedCommand(action: Action<[TrainCertifiedFlags]>): Command {
  const command = new Command('train-certified').description(
    'train on bounds of the loss over all images within a budget, so that answers can be proven',
  );
  command
    .option(
      '--eps <x>',
      'Linf budget at which the model is to be certified, in pixel values, such as 0.1 or 8/255',
      '0.1',
    )
    .addOption(
      new Option(
        '--loss <name>',
        'what is minimized: the bounded loss and a share of the ordinary one (ibp), or that share on attacked images (mtl-ibp)',
      )
        .choices(CERTIFIED_LOSSES)
        .default(DEFAULTS.certifiedLoss),
    )
    .option(
      '--ordinary-share <x>',
      'share of the ordinary loss at the end',
      decimal('--ordinary-share', 0, 1),
      DEFAULTS.ordinaryShare,
    );
  addTrainingRunOptions(addOutOption(addTrainingOptions(command), 'models/certified')).addHelpText(
    'after',
    `
Examples:
  distill train-certified --eps 0.1
  distill train-certified --eps 0.3 --architecture dm-small --out models/certified-small`,
  );
  for (const option of command.options) {
    if (option.long === '--epochs') option.default(DEFAULTS.certifiedEpochs);
  }
  command.setOptionValueWithSource('epochs', DEFAULTS.certifiedEpochs, 'default');
  return addSharedOptions(command).action(action);
}

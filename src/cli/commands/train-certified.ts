import { Command, Option } from 'commander';
import type { CertifiedLoss, SmoothedLoss } from '../../training/index.ts';
import { CERTIFIED_LOSSES, DEFAULTS, SMOOTHED_LOSSES } from '../../training/settings.ts';
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
import { refuseUnused } from '../unused-options.ts';

export interface TrainCertifiedFlags
  extends SharedOptions,
    TrainingRunFlags,
    Omit<TrainingFlags, 'temperature'> {
  readonly eps: string;
  readonly loss: CertifiedLoss | SmoothedLoss;
  readonly sigma: number;
  readonly ordinaryShare: number;
  readonly boxShare: number;
  readonly out: string;
}

/** Whether a loss is for randomized smoothing, and not for bounds. */
export const isSmoothed = (loss: TrainCertifiedFlags['loss']): loss is SmoothedLoss =>
  SMOOTHED_LOSSES.some((one) => one === loss);

export function trainCertifiedCommand(action: Action<[TrainCertifiedFlags]>): Command {
  const command = new Command('train-certified').description(
    'train on bounds of the loss over all images within a budget, or with noise for randomized smoothing, so that answers can be proven',
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
        'what is minimized, for Linf: the loss by interval bounds and a share of the ordinary one (ibp), that share on attacked images (mtl-ibp), with linear bounds mixed in while the budget grows (crown-ibp), or by bounds of a small box around an attacked image (sabr); for smoothing in L2: the loss on noisy images (gaussian), also with agreement of two draws (consistency), or on attacked noisy ones (smoothadv)',
      )
        .choices([...CERTIFIED_LOSSES, ...SMOOTHED_LOSSES])
        .default(DEFAULTS.certifiedLoss),
    )
    .option(
      '--ordinary-share <x>',
      'share of the ordinary loss at the end',
      decimal('--ordinary-share', 0, 1),
      DEFAULTS.ordinaryShare,
    )
    .option(
      '--box-share <x>',
      'radius of the boxes of --loss sabr as a share of the budget; 1 is ibp',
      decimal('--box-share', 0, 1, true),
      DEFAULTS.boxShare,
    )
    .option(
      '--sigma <x>',
      'standard deviation of the noise for smoothing, in pixel values',
      decimal('--sigma', 0, 10, true),
      DEFAULTS.sigma,
    );
  refuseUnused<TrainCertifiedFlags>(command, ['eps', 'ordinaryShare'], ({ loss }) =>
    isSmoothed(loss)
      ? { why: `with --loss ${loss}, which is for smoothing`, hint: 'give --sigma instead' }
      : undefined,
  );
  refuseUnused<TrainCertifiedFlags>(command, ['sigma'], ({ loss }) =>
    isSmoothed(loss)
      ? undefined
      : { why: `with --loss ${loss}`, hint: 'give --eps, or --loss gaussian' },
  );
  refuseUnused<TrainCertifiedFlags>(command, ['boxShare'], ({ loss }) =>
    loss === 'sabr' ? undefined : { why: `with --loss ${loss}`, hint: 'give --loss sabr' },
  );
  addTrainingRunOptions(addOutOption(addTrainingOptions(command), 'models/certified')).addHelpText(
    'after',
    `
Examples:
  distill train-certified --eps 0.1
  distill train-certified --eps 0.3 --architecture dm-small \\
    --out models/certified-small
  distill train-certified --loss gaussian --sigma 0.5 --out models/smoothed`,
  );
  for (const option of command.options) {
    if (option.long === '--epochs') option.default(DEFAULTS.certifiedEpochs);
  }
  command.setOptionValueWithSource('epochs', DEFAULTS.certifiedEpochs, 'default');
  return addSharedOptions(command).action(action);
}

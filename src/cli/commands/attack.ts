import { Command, Option } from 'commander';
import type { LossName, Norm } from '../../attacks/index.ts';
import { LOSSES } from '../../attacks/losses/registry.ts';
import { ATTACK_NAMES, attackNamed } from '../../attacks/registry.ts';
import { NORMS } from '../../attacks/types.ts';
import type { Target } from '../../evaluation/index.ts';
import { defaultEps, defaultsText } from '../default-eps.ts';
import type { Action } from '../lazily.ts';
import {
  addDataOptions,
  addRunsOption,
  addSharedOptions,
  bpdaOption,
  type DataOptions,
  eotOption,
  levelsOption,
  type RunsOptions,
  type SharedOptions,
} from '../options.ts';
import { integer, parseTarget } from '../parsers.ts';
import { refuseUnused } from '../unused-options.ts';

export interface AttackFlags extends SharedOptions, RunsOptions, DataOptions {
  readonly model: readonly string[];
  readonly attack: string;
  readonly norm?: Norm;
  readonly eps?: string;
  readonly loss?: LossName;
  readonly set: readonly string[];
  readonly target?: Target;
  readonly samples: number;
  readonly eot?: number;
  readonly levels?: number;
  readonly bpda?: readonly string[];
  readonly index?: number;
  readonly source?: string;
  readonly out: string;
}

export function attackCommand(action: Action<[AttackFlags]>): Command {
  const command = new Command('attack')
    .description('run one attack on models and show an attacked image')
    .option('--model <folders...>', 'model folders to attack', [
      'models/baseline',
      'models/student',
    ])
    .addOption(new Option('--attack <name>', 'attack to run').choices(ATTACK_NAMES).default('fgsm'))
    .addOption(
      new Option(
        '--norm <name>',
        'norm of the perturbation (default: chosen by the attack)',
      ).choices(NORMS),
    )
    .option(
      '--eps <x>',
      `largest perturbation in pixel values, such as 0.1 or 8/255 (L0: number of pixels; default: ${defaultsText((norm) => defaultEps(norm))})`,
    )
    .addOption(
      new Option('--loss <name>', 'loss to maximize (default: chosen by the attack)').choices(
        LOSSES,
      ),
    )
    .option('--set <name=value...>', "the attack's own options, such as steps=100", [])
    .addOption(
      new Option(
        '--target <class>',
        'class that the model should be made to predict, or "every" for each wrong one in turn (default: any wrong class)',
      ).argParser(parseTarget),
    )
    .option('--source <folder>', 'model whose gradients a transfer attack uses')
    .option('--samples <n>', 'attack the first n test images', integer('--samples', 1), 1000)
    .addOption(eotOption())
    .addOption(levelsOption())
    .addOption(bpdaOption())
    .option('--index <n>', 'attack only the test image with this number', integer('--index', 0));
  refuseUnused<AttackFlags>(command, ['eps'], ({ attack }) =>
    attackNamed(attack).budget === 'fixed'
      ? undefined
      : { why: `with ${attack}, which looks for the smallest change`, hint: 'leave it out' },
  );
  refuseUnused<AttackFlags>(command, ['source'], ({ attack }) =>
    attackNamed(attack).access === 'source-gradient'
      ? undefined
      : { why: `with ${attack}`, hint: 'leave it out, or attack with transfer' },
  );
  return addSharedOptions(addRunsOption(addDataOptions(command)))
    .option('--out <folder>', 'folder for the record and the picture', 'report/attack')
    .addHelpText(
      'after',
      '\nExample:\n  distill attack --attack pgd --eps 0.3 --loss margin --set steps=100',
    )
    .action(action);
}

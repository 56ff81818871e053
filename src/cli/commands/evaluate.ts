import { Command, Option } from 'commander';
import type { LossName, Norm } from '../../attacks/index.ts';
import { LOSSES } from '../../attacks/losses/registry.ts';
import { ATTACK_NAMES } from '../../attacks/registry.ts';
import { NORMS } from '../../attacks/types.ts';
import type { Target } from '../../evaluation/index.ts';
import { PRESET_NAMES, type PresetName } from '../../evaluation/preset-names.ts';
import { defaultBudgets, defaultsText } from '../default-eps.ts';
import type { Action } from '../lazily.ts';
import {
  addCiOptions,
  addDataOptions,
  addGateOptions,
  addQueueOptions,
  addRunsOption,
  addSharedOptions,
  bpdaOption,
  type CiFlags,
  type DataOptions,
  eotOption,
  type GateFlags,
  levelsOption,
  type QueueOptions,
  type RunsOptions,
  type SharedOptions,
} from '../options.ts';
import { integer, parseTarget } from '../parsers.ts';
import { refuseUnused } from '../unused-options.ts';

/** What `evaluate` and `check` measure of a model. */
export interface MeasureFlags
  extends SharedOptions,
    RunsOptions,
    DataOptions,
    QueueOptions,
    GateFlags,
    CiFlags {
  readonly preset: PresetName;
  readonly norm: Norm;
  readonly eps?: readonly string[];
  readonly samples?: number;
  readonly eot?: number;
  readonly levels?: number;
  readonly bpda?: readonly string[];
  readonly workers?: number;
  readonly certify?: true;
}

/** Which attacks within which budgets, on how many images of which data, and the gates. */
export function addMeasureOptions(command: Command, preset: PresetName): Command {
  const scoped = command
    .addOption(
      new Option('--preset <name>', 'set of attacks to run').choices(PRESET_NAMES).default(preset),
    )
    .addOption(
      new Option('--norm <name>', 'norm of the perturbation').choices(NORMS).default('Linf'),
    )
    .option(
      '--eps <x...>',
      `largest perturbations in pixel values, such as 0.1 or 8/255 (L0: number of pixels; default: ${defaultsText(defaultBudgets)})`,
    )
    .option(
      '--samples <n>',
      'attack the first n test images (default: 1000, with --preset paper 100)',
      integer('--samples', 1),
    )
    .addOption(eotOption())
    .addOption(levelsOption())
    .addOption(bpdaOption())
    .option(
      '--workers <n>',
      'share the attacked images out among n processes; the record is the same (default: one process)',
      integer('--workers', 1, 256),
    )
    .option(
      '--certify',
      'prove, within Linf budgets, what the attacks leave: robust accuracy then lies between two numbers',
    );
  refuseUnused<MeasureFlags>(scoped, ['certify'], ({ norm }) =>
    norm === 'Linf'
      ? undefined
      : { why: `with --norm ${norm}: proofs are for Linf`, hint: 'leave it out' },
  );
  refuseUnused<MeasureFlags>(scoped, ['workers'], ({ queue }) =>
    queue
      ? {
          why: 'with --queue',
          hint: 'leave it out: the workers of the queue share the images out',
        }
      : undefined,
  );
  const measured = addCiOptions(addGateOptions(addDataOptions(addQueueOptions(scoped))));
  return addSharedOptions(addRunsOption(measured));
}

export interface EvaluateFlags extends MeasureFlags {
  readonly model: readonly string[];
  readonly attacks?: readonly string[];
  readonly loss?: readonly LossName[];
  readonly set?: readonly string[];
  readonly target?: Target;
  readonly saveExamples?: true;
  readonly resume?: true;
  readonly out: string;
}

export function evaluateCommand(action: Action<[EvaluateFlags]>): Command {
  const command = new Command('evaluate')
    .description(
      'measure accuracy and accuracy under attack of models side by side, with 95 % intervals',
    )
    .option('--model <folders...>', 'model folders; the others are compared with the first', [
      'models/baseline',
      'models/teacher',
      'models/student',
    ])
    .addOption(
      new Option('--attacks <names...>', 'attacks to run instead of a preset').choices(
        ATTACK_NAMES,
      ),
    )
    .addOption(
      new Option(
        '--loss <names...>',
        'losses that --attacks maximize (default: chosen by each attack)',
      ).choices(LOSSES),
    )
    .option(
      '--set <name=values...>',
      'options of --attacks, such as steps=100 or pgd.steps=40,100 (runs once with each value)',
    )
    .addOption(
      new Option(
        '--target <class>',
        'class that --attacks aim at, or "every" for each wrong one in turn (default: any wrong class)',
      ).argParser(parseTarget),
    )
    .option(
      '--save-examples',
      'save the adversarial examples (.npz, .png) and check them again as read from disk',
    )
    .option('--resume', 'resume an interrupted evaluation');
  addMeasureOptions(command, 'quick');
  refuseUnused<EvaluateFlags>(command, ['preset'], ({ attacks }) =>
    attacks
      ? { why: 'with --attacks', hint: 'choose one of the two: a preset, or attacks by name' }
      : undefined,
  );
  return command
    .option('--out <folder>', 'folder for the record', 'report/evaluate')
    .addHelpText(
      'after',
      `
Example:
  distill evaluate --model models/student --eps 0.1 \\
    --gate "student: accuracy >= 0.99"`,
    )
    .action(action);
}

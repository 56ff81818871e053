import { Command, Option } from 'commander';
import type { LossName, Norm } from '../../attacks/index.ts';
import { ATTACK_NAMES } from '../../attacks/names.ts';
import { LOSSES, NORMS } from '../../attacks/types.ts';
import type { Dataset } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import type { EvaluationRecord, PlannedAttack, Target } from '../../evaluation/index.ts';
import { PRESET_NAMES, PRESET_SAMPLES, type PresetName } from '../../evaluation/preset-names.ts';
import {
  addDataOptions,
  addGateOptions,
  addSharedOptions,
  type DataOptions,
  type GateFlags,
  gatesOf,
  type SharedOptions,
} from '../options.ts';
import { integer, parseEps, parseSettingLists, parseTarget } from '../parsers.ts';
import type { Session } from '../session.ts';

/** What to measure on which models. */
export interface EvaluateFlags extends SharedOptions, DataOptions, GateFlags {
  readonly model: readonly string[];
  readonly preset: PresetName;
  readonly attacks?: readonly string[];
  readonly loss?: readonly LossName[];
  readonly set?: readonly string[];
  readonly target?: Target;
  readonly norm: Norm;
  readonly eps: readonly string[];
  readonly samples?: number;
  readonly saveExamples?: true;
  readonly resume?: true;
  readonly out: string;
}

/** The attacks that the flags ask for. */
async function attacksOf(flags: EvaluateFlags, source: string): Promise<PlannedAttack[]> {
  const { namedAttacks, presetAttacks } = await import('../../evaluation/index.ts');
  const budgets = flags.eps.map((text) => parseEps(text, flags.norm));
  const scope = { norm: flags.norm, budgets, source };
  const { attacks: names, loss: losses, set = [], target } = flags;
  if (names) {
    return namedAttacks({ names, losses, settings: parseSettingLists(set), target }, scope);
  }
  const lonely = [
    losses && '--loss',
    set.length > 0 && '--set',
    target !== undefined && '--target',
  ];
  const [flag] = lonely.filter(Boolean);
  if (flag) {
    throw new UserError('bad-flag', `${flag} says how --attacks are run, and a preset is fixed`, {
      hint: 'name the attacks, such as --attacks pgd apgd',
    });
  }
  return presetAttacks(flags.preset, scope);
}

/** Measures models side by side and saves the record, whether or not its gates are met. */
export async function evaluateModels(
  { engine, terminal }: Session,
  test: Dataset,
  flags: EvaluateFlags,
): Promise<EvaluationRecord> {
  const evaluation = await import('../../evaluation/index.ts');
  const { loadModels, nameOfModel } = await import('../load-models.ts');
  const measuring = await import('../evaluation-run.ts');
  const gates = gatesOf(flags);
  const samples = flags.samples ?? PRESET_SAMPLES[flags.preset];
  const attacks = await attacksOf(flags, nameOfModel(flags.model[0]));
  const models = await loadModels(flags.model, test);
  const { seed, gateOn } = flags;
  const plan = {
    models,
    dataset: test,
    samples,
    attacks,
    seed,
    gates,
    ...(gateOn && { gateOn }),
  };
  for (const planned of attacks) terminal.note(measuring.describeAttack(planned));
  const partial = await measuring.openPartial(flags, plan);
  const progress = await measuring.evaluationProgress(terminal);
  const examplesFolder = `${flags.out}/examples`;
  const record = await evaluation
    .evaluate(
      {
        ...plan,
        partial,
        onProgress: progress.onProgress,
        ...(flags.saveExamples && { examplesFolder }),
      },
      measuring.provenance(engine, {
        inputsDigest: await measuring.measurementDigest(flags.model, test, flags),
        data: flags.data,
        samples,
        preset: flags.attacks ? null : flags.preset,
      }),
    )
    .finally(progress.stop);
  await measuring.saveResults(flags.out, { 'evaluation.json': JSON.stringify(record) });
  if (flags.saveExamples) {
    const { exampleGrids } = await import('../../report/index.ts');
    await measuring.saveResults(examplesFolder, exampleGrids(record));
  }
  await partial.finish();
  return record;
}

async function evaluate(flags: EvaluateFlags): Promise<void> {
  gatesOf(flags); // a mistake is told before anything is loaded
  const { openData, openSession } = await import('../session.ts');
  const { requireGates } = await import('../../evaluation/index.ts');
  const { evaluationText } = await import('../evaluation-text.ts');
  const session = await openSession(flags);
  const { test } = await openData(flags, session.terminal);
  const record = await evaluateModels(session, test, flags);
  const { terminal } = session;
  terminal.print(evaluationText(record, terminal));
  terminal.note(`record: ${flags.out}/evaluation.json`);
  if (flags.saveExamples) terminal.note(`adversarial examples: ${flags.out}/examples/`);
  terminal.record(record);
  requireGates(record);
}

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description(
      'measure accuracy and accuracy under attack of models side by side, with intervals',
    )
    .option('--model <folders...>', 'model folders, the one to compare with first', [
      'models/baseline',
      'models/teacher',
      'models/student',
    ])
    .addOption(
      new Option('--preset <name>', 'which attacks to run').choices(PRESET_NAMES).default('quick'),
    )
    .addOption(
      new Option('--attacks <names...>', 'run these attacks instead').choices(ATTACK_NAMES),
    )
    .addOption(
      new Option('--loss <names...>', 'losses for --attacks (default: the best)').choices(LOSSES),
    )
    .option(
      '--set <name=values...>',
      'options of --attacks, such as steps=100 or pgd.steps=40,100 (each value is tried)',
    )
    .addOption(
      new Option('--target <class>', 'aim --attacks at a class, or at every wrong one').argParser(
        parseTarget,
      ),
    )
    .addOption(new Option('--norm <name>', 'of the perturbation').choices(NORMS).default('Linf'))
    .option('--eps <x...>', 'budgets in pixel values, such as 0.1 or 8/255', ['0.1', '0.3'])
    .option(
      '--samples <n>',
      'test images to attack (default: 1000, preset paper 100)',
      integer('--samples', 1),
    )
    .option('--save-examples', 'keep adversarial examples (.npz, .png) and judge them again')
    .option('--resume', 'go on with an evaluation that was interrupted');
  return addSharedOptions(addGateOptions(addDataOptions(command)))
    .option('--out <folder>', 'folder for the record', 'report/evaluate')
    .addHelpText(
      'after',
      '\nExample:\n  distill evaluate --model models/student --eps 0.1 --gate "student: accuracy >= 0.99"',
    )
    .action(evaluate);
}

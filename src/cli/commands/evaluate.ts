import { Command, Option } from 'commander';
import { ATTACK_NAMES } from '../../attacks/names.ts';
import { LOSSES, type LossName, NORMS, type Norm } from '../../attacks/types.ts';
import type { Dataset } from '../../data/index.ts';
import type { EvaluationRecord } from '../../evaluation/index.ts';
import { PRESET_NAMES, PRESET_SAMPLES, type PresetName } from '../../evaluation/preset-names.ts';
import {
  addDataOptions,
  addSharedOptions,
  type DataOptions,
  decimal,
  integer,
  parseEps,
  type SharedOptions,
} from '../options.ts';
import type { Session } from '../session.ts';

/** What to measure on which models. */
export interface EvaluateFlags extends SharedOptions, DataOptions {
  readonly model: readonly string[];
  readonly preset: PresetName;
  readonly attacks?: readonly string[];
  readonly loss?: readonly LossName[];
  readonly norm: Norm;
  readonly eps: readonly string[];
  readonly samples?: number;
  readonly saveExamples?: true;
  readonly resume?: true;
  readonly minAccuracy?: number;
  readonly minRobustAccuracy?: number;
  readonly out: string;
}

/** Measures models side by side and saves the record. */
export async function evaluateModels(
  { engine, terminal }: Session,
  test: Dataset,
  flags: EvaluateFlags,
): Promise<EvaluationRecord> {
  const evaluation = await import('../../evaluation/index.ts');
  const view = await import('../evaluation.ts');
  const budgets = flags.eps.map((text) => parseEps(text, flags.norm));
  const samples = flags.samples ?? PRESET_SAMPLES[flags.preset];
  const scope = { norm: flags.norm, budgets, source: view.nameOfModel(flags.model[0]) };
  const attacks = flags.attacks
    ? evaluation.namedAttacks(flags.attacks, flags.loss, scope)
    : evaluation.presetAttacks(flags.preset, scope);
  const subjects = await view.loadSubjects(flags.model, test);
  const { seed } = flags;
  const partial = await view.openPartial(flags, {
    subjects,
    dataset: test,
    samples,
    attacks,
    seed,
  });
  const progress = await view.evaluationProgress(terminal);
  const record = await evaluation
    .evaluate(
      {
        subjects,
        dataset: test,
        samples,
        attacks,
        seed,
        partial,
        onProgress: progress.onProgress,
        ...(flags.saveExamples && { examplesFolder: `${flags.out}/examples` }),
      },
      view.provenance(engine, {
        inputsDigest: await view.measurementDigest(flags.model, test, flags),
        data: flags.data,
        samples,
        preset: flags.attacks ? null : flags.preset,
        minAccuracy: flags.minAccuracy ?? null,
        minRobustAccuracy: flags.minRobustAccuracy ?? null,
      }),
    )
    .finally(progress.stop);
  await view.saveResults(flags.out, { 'evaluation.json': JSON.stringify(record) });
  await partial.finish();
  return record;
}

async function evaluate(flags: EvaluateFlags): Promise<void> {
  const { openData, openSession } = await import('../session.ts');
  const { checkGates } = await import('../../evaluation/index.ts');
  const { evaluationReport } = await import('../evaluation.ts');
  const session = await openSession(flags);
  const { test } = await openData(flags, session.terminal);
  const record = await evaluateModels(session, test, flags);
  const { terminal } = session;
  terminal.print(evaluationReport(record, terminal));
  terminal.note(`record: ${flags.out}/evaluation.json`);
  terminal.record(record);
  checkGates(record, flags);
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
    .addOption(new Option('--norm <name>', 'of the perturbation').choices(NORMS).default('Linf'))
    .option('--eps <x...>', 'budgets in pixel values, such as 0.1 or 8/255', ['0.1', '0.3'])
    .option(
      '--samples <n>',
      'test images to attack (default: 1000, preset paper 100)',
      integer('--samples', 1),
    )
    .option('--save-examples', 'keep adversarial examples (.npz) and judge them again from disk')
    .option('--resume', 'go on with an evaluation that was interrupted');
  return addSharedOptions(addDataOptions(command))
    .option('--min-accuracy <x>', 'exit with 1 below this share', decimal('--min-accuracy', 0, 1))
    .option(
      '--min-robust-accuracy <x>',
      'the same for every worst case under attack',
      decimal('--min-robust-accuracy', 0, 1),
    )
    .option('--out <folder>', 'folder for the record', 'report/evaluate')
    .addHelpText(
      'after',
      '\nExample:\n  distill evaluate --model models/student --eps 0.1 --min-accuracy 0.99',
    )
    .action(evaluate);
}

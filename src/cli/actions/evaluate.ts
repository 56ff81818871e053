/** `distill evaluate`: models side by side, on clean images and under attack. */
import type { DataSplits } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import {
  type EvaluationRecord,
  evaluate,
  namedAttacks,
  type PlannedAttack,
  presetAttacks,
  requireGates,
} from '../../evaluation/index.ts';
import { PRESET_SAMPLES } from '../../evaluation/preset-names.ts';
import {
  nameOfModel,
  openModels,
  provenance,
  surrogateTrainer,
  writeFiles,
} from '../../library/index.ts';
import { exampleGrids } from '../../report/index.ts';
import { quietFor, resultText, writeCiFiles } from '../ci-output.ts';
import type { EvaluateFlags } from '../commands/evaluate.ts';
import {
  describeAttack,
  evaluationProgress,
  type ModelFreePlan,
  openPartial,
} from '../evaluation-run.ts';
import { evaluationText } from '../evaluation-text.ts';
import { gatesOf } from '../options.ts';
import { parseEps, parseSettingLists } from '../parsers.ts';
import { openData, openSession, type Session } from '../session.ts';

/** The attacks that the flags ask for. */
function attacksOf(flags: EvaluateFlags, source: string): PlannedAttack[] {
  const budgets = flags.eps.map((text) => parseEps(text, flags.norm));
  const scope = { norm: flags.norm, budgets, source };
  const { attacks: names, loss: losses, set = [], target } = flags;
  if (names) {
    return namedAttacks({ names, losses, settings: parseSettingLists(set), target }, scope);
  }
  const attackOnly = [
    losses && '--loss',
    set.length > 0 && '--set',
    target !== undefined && '--target',
  ];
  const [flag] = attackOnly.filter(Boolean);
  if (flag) {
    throw new UserError('bad-flag', `${flag} needs --attacks: a preset is fixed`, {
      hint: 'name the attacks, such as --attacks pgd apgd',
    });
  }
  return presetAttacks(flags.preset, scope);
}

/** What the flags ask to measure, the models apart. */
export function planEvaluation(flags: EvaluateFlags, { train, test }: DataSplits): ModelFreePlan {
  const { model, samples, preset, seed, gateOn, saveExamples, out } = flags;
  return {
    dataset: test,
    samples: samples ?? PRESET_SAMPLES[preset],
    attacks: attacksOf(flags, nameOfModel(model[0])),
    seed,
    surrogates: surrogateTrainer(train),
    gates: gatesOf(flags),
    ...(gateOn && { gateOn }),
    ...(saveExamples && { examplesFolder: `${out}/examples` }),
  };
}

/** Measures models side by side and saves the record, whether or not its gates are met. */
export async function evaluateModels(
  { engine, terminal }: Session,
  data: DataSplits,
  flags: EvaluateFlags,
): Promise<EvaluationRecord> {
  const planned = planEvaluation(flags, data);
  const { attacks, samples, examplesFolder } = planned;
  const { models } = await openModels(flags.model, data.test);
  const plan = { ...planned, models };
  for (const attack of attacks) terminal.note(describeAttack(attack));
  const partial = await openPartial(flags, plan);
  const progress = evaluationProgress(terminal);
  const record = await evaluate(
    { ...plan, partial, onProgress: progress.onProgress },
    provenance(
      engine,
      { data: flags.data, samples, preset: flags.attacks ? null : flags.preset },
      process.argv.slice(2),
    ),
  ).finally(progress.stop);
  await writeFiles(flags.out, { 'evaluation.json': JSON.stringify(record) });
  if (examplesFolder) await writeFiles(examplesFolder, exampleGrids(record));
  await partial.finish();
  return record;
}

export async function action(flags: EvaluateFlags): Promise<void> {
  gatesOf(flags); // report a mistake before anything is loaded
  const session = await openSession(quietFor(flags));
  const { terminal } = session;
  const data = await openData(flags, terminal);
  const record = await evaluateModels(session, data, flags);
  await writeCiFiles(flags, record);
  terminal.print(resultText(flags, record) ?? evaluationText(record, terminal));
  terminal.note(`record: ${flags.out}/evaluation.json`);
  if (flags.saveExamples) terminal.note(`adversarial examples: ${flags.out}/examples/`);
  terminal.record(record);
  requireGates(record);
}

/** `distill evaluate`: models side by side, on clean images and under attack. */
import type { TestData } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import {
  type EvaluatedModel,
  type EvaluationRecord,
  evaluate,
  followUpAttacks,
  namedAttacks,
  presetAttacks,
} from '../../evaluation/index.ts';
import { PRESET_SAMPLES } from '../../evaluation/preset-names.ts';
import { ShardPool, shardProcesses } from '../../experiments/index.ts';
import { EXPECTED_WORKERS, QueueShards } from '../../experiments/queue.ts';
import {
  nameOfModel,
  openCertifier,
  openModels,
  provenance,
  surrogateTrainer,
  writeFiles,
} from '../../library/index.ts';
import { exampleGrids, primaryModel, withAnswer } from '../../report/index.ts';
import { endWith, quietFor } from '../ci-output.ts';
import { commandLine, evaluateCommand, resumeText } from '../command-text.ts';
import type { EvaluateFlags } from '../commands/evaluate.ts';
import { defaultBudgets } from '../default-eps.ts';
import {
  describeAttacks,
  evaluationProgress,
  type ModelFreePlan,
  openPartial,
} from '../evaluation-run.ts';
import { evaluationText } from '../evaluation-text.ts';
import { keepMeasurement } from '../keeping.ts';
import { gatesOf } from '../options.ts';
import { parseEps, parseSettingLists } from '../parsers.ts';
import { openQueue, workersText } from '../queue-session.ts';
import { openSession, openTestData, type Session, whenInterrupted } from '../session.ts';

/** @throws UserError `bad-flag` */
const budgetsOf = ({ norm, eps = defaultBudgets(norm) }: Pick<EvaluateFlags, 'norm' | 'eps'>) =>
  eps.map((text) => parseEps(text, norm));

/** The attacks that the flags ask for, and those that follow where a verdict stays open. */
function attacksOf(
  flags: EvaluateFlags,
  source: string,
  classes: number,
): Pick<ModelFreePlan, 'attacks' | 'followUps'> {
  const budgets = budgetsOf(flags);
  const scope = { norm: flags.norm, budgets, source, classes };
  const { attacks: names, loss: losses, set = [], target } = flags;
  if (names) {
    const settings = parseSettingLists(set);
    return { attacks: namedAttacks({ names, losses, settings, target }, scope) };
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
  return {
    attacks: presetAttacks(flags.preset, scope),
    followUps: followUpAttacks(flags.preset, scope),
  };
}

/** What the flags ask to measure, the models apart. */
export function planEvaluation(flags: EvaluateFlags, { train, test }: TestData): ModelFreePlan {
  const { model, samples, preset, seed, eot, levels, gateOn, saveExamples, out } = flags;
  return {
    dataset: test,
    samples: samples ?? PRESET_SAMPLES[preset],
    ...attacksOf(flags, nameOfModel(model[0]), test.classes),
    seed,
    curves: true,
    ...(eot !== undefined && { draws: eot }),
    ...(levels !== undefined && { levels }),
    surrogates: surrogateTrainer(train ?? test),
    gates: gatesOf(flags),
    ...(gateOn && { gateOn }),
    ...(saveExamples && { examplesFolder: `${out}/examples` }),
  };
}

/**
 * The processes that the attacked images are shared out among, here or behind a queue; undefined: this
 * one does it all.
 */
async function shardsFor(
  flags: EvaluateFlags,
  { engine: { name, threads }, terminal }: Session,
  models: readonly EvaluatedModel[],
  test: TestData['test'],
): Promise<Pick<ShardPool, 'attackRows' | 'close'> | undefined> {
  const { workers = 1, data, eot = 1, bpda = [], queue } = flags;
  if (workers === 1 && !queue) return undefined;
  const folders = models.map(({ classifier, folder }) => [classifier.name, folder] as const);
  const start = { engine: name, data, models: Object.fromEntries(folders), draws: eot, bpda };
  const names = Object.keys(start.models);
  if (!queue) {
    const share = Math.max(1, Math.floor(threads / workers));
    return new ShardPool(shardProcesses({ ...start, threads: share }, workers), names, workers);
  }
  const { server, store } = await openQueue(queue, flags, terminal);
  const shards = await QueueShards.open({
    ...{ server, store },
    start: { ...start, dataDigest: test.digest },
    features: test.shape.reduce((product, length) => product * length, 1),
  });
  terminal.note(workersText(await shards.workerCount(), queue));
  const pool = new ShardPool(shards, names, EXPECTED_WORKERS);
  return {
    attackRows: pool.attackRows,
    close: () => pool.close().finally(() => server.close()),
  };
}

/** Measures models side by side and saves the record, whether or not its gates are met. */
export async function evaluateModels(
  session: Session,
  data: TestData,
  flags: EvaluateFlags,
): Promise<EvaluationRecord> {
  const { engine, terminal } = session;
  const planned = planEvaluation(flags, data);
  const { attacks, samples, examplesFolder } = planned;
  const { models } = await openModels(flags.model, data.test, flags.bpda);
  const certifier = flags.certify && { certifier: await openCertifier(models) };
  const plan = { ...planned, models, ...certifier };
  for (const line of describeAttacks(attacks)) terminal.note(line);
  const partial = await openPartial(flags, plan);
  const progress = evaluationProgress(terminal);
  const shards = await shardsFor(flags, session, models, data.test);
  const attackRows = shards && { attackRows: shards.attackRows };
  const record = await evaluate(
    { ...plan, partial, ...attackRows, onProgress: progress.onProgress },
    provenance(
      engine,
      { data: flags.data, samples, preset: flags.attacks ? null : flags.preset },
      process.argv.slice(2),
    ),
  ).finally(async () => {
    progress.stop();
    await shards?.close();
  });
  await writeFiles(flags.out, { 'evaluation.json': JSON.stringify(withAnswer(record)) });
  if (examplesFolder) await writeFiles(examplesFolder, exampleGrids(record));
  await keepMeasurement(session, record, 'evaluation.json');
  await partial.finish();
  return record;
}

/** The evaluation that would settle an open verdict on the model in question, else the page. */
function nextOf(record: EvaluationRecord, { out }: EvaluateFlags): string {
  const primary = primaryModel(record)?.name;
  const open = record.verdicts.find(({ model, request }) => model === primary && request !== null);
  return open?.request
    ? evaluateCommand(open.request)
    : commandLine(['report', '--from', `${out}/evaluation.json`]);
}

export async function action(flags: EvaluateFlags): Promise<void> {
  gatesOf(flags); // report a mistake before anything is loaded
  budgetsOf(flags);
  const session = await openSession(quietFor(flags));
  const { terminal } = session;
  whenInterrupted(resumeText());
  const data = await openTestData(flags, flags.model[0], terminal);
  const record = await evaluateModels(session, data, flags);
  await endWith(flags, terminal, {
    record,
    text: evaluationText(record, terminal),
    notes: [
      `record: ${flags.out}/evaluation.json`,
      ...(flags.saveExamples ? [`adversarial examples: ${flags.out}/examples/`] : []),
    ],
    next: nextOf(record, flags),
  });
}

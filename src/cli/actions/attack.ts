/** `distill attack`: one attack on some models, with a picture of one attacked image. */
import { attackNamed, type Norm, planAttack } from '../../attacks/index.ts';
import type { TestData } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import {
  checkTargeted,
  type EvaluationRecord,
  evaluate,
  requireAttacks,
} from '../../evaluation/index.ts';
import {
  nameOfModel,
  openModels,
  provenance,
  surrogateTrainer,
  writeFiles,
} from '../../library/index.ts';
import { counted, countText, numberText } from '../../numbers.ts';
import {
  attackSummaryTable,
  exampleGrids,
  levelTable,
  queryTable,
  targetDistanceTable,
  targetTable,
} from '../../report/index.ts';
import { attackExampleFiles, attackExampleText, pickAttackExample } from '../attack-example.ts';
import { commandLine } from '../command-text.ts';
import type { AttackFlags } from '../commands/attack.ts';
import { defaultEps } from '../default-eps.ts';
import { describeAttack, evaluationProgress, type ModelFreePlan } from '../evaluation-run.ts';
import { tableSection } from '../evaluation-text.ts';
import { imagesToAttack } from '../images.ts';
import { keepMeasurement } from '../keeping.ts';
import { parseEps, parseSettings } from '../parsers.ts';
import { openSession, openTestData, type Session } from '../session.ts';

/** The folders of the models that take part, a source of gradients among them. */
export const attackFolders = ({ model, source }: AttackFlags): readonly string[] =>
  source ? [...model, source] : model;

const normOf = ({ attack, norm }: AttackFlags): Norm => norm ?? attackNamed(attack).norms[0];

/** @throws UserError `bad-flag` */
function epsOf(flags: AttackFlags): number {
  const norm = normOf(flags);
  return parseEps(flags.eps ?? defaultEps(norm), norm);
}

/** What the flags ask to attack and how, the models apart. */
export function planAttackRun(flags: AttackFlags, { train, test }: TestData): ModelFreePlan {
  const attack = attackNamed(flags.attack);
  const norm = normOf(flags);
  const plan = planAttack(attack, {
    norm,
    eps: epsOf(flags),
    loss: flags.loss,
    options: parseSettings(flags.set),
    classes: test.classes,
    isTargeted: flags.target !== undefined,
  });
  const dataset = imagesToAttack(test, flags.samples, flags.index);
  const source = flags.source && nameOfModel(flags.source);
  if (attack.access === 'source-gradient' && !source) {
    throw new UserError('bad-flag', `${attack.name} takes its gradients from another model`, {
      hint: 'name its folder with --source',
    });
  }
  if (flags.target !== undefined) checkTargeted(attack);
  const planned = {
    plan,
    ...(source && { source }),
    ...(flags.target !== undefined && { target: flags.target }),
  };
  return {
    dataset,
    samples: dataset.count,
    attacks: [planned],
    seed: flags.seed,
    ...(flags.eot !== undefined && { draws: flags.eot }),
    ...(flags.levels !== undefined && { levels: flags.levels }),
    surrogates: surrogateTrainer(train ?? test),
  };
}

/** Runs one attack on some models, saves the record and the picture, and prints the example. */
export async function attackModels(
  session: Session,
  data: TestData,
  flags: AttackFlags,
): Promise<EvaluationRecord> {
  const { engine, terminal } = session;
  const plan = planAttackRun(flags, data);
  const { dataset, samples, attacks } = plan;
  const { models } = await openModels(attackFolders(flags), dataset, flags.bpda);
  for (const attack of attacks) terminal.note(describeAttack(attack));
  const candidates = new Map<string, Float32Array>();
  const progress = evaluationProgress(terminal);
  const record = await evaluate(
    {
      ...plan,
      models,
      onProgress: progress.onProgress,
      onCandidates: ({ model }, images) => candidates.set(model, images),
    },
    provenance(
      engine,
      { data: flags.data, samples, index: flags.index ?? null },
      process.argv.slice(2),
    ),
  ).finally(progress.stop);
  if (record.failures) await writeFiles(flags.out, { 'attack.json': JSON.stringify(record) });
  requireAttacks(record);
  const example = await pickAttackExample(record, models, dataset, candidates);
  await writeFiles(flags.out, {
    'attack.json': JSON.stringify(record),
    ...attackExampleFiles(example),
    ...Object.fromEntries(exampleGrids(record)),
  });
  await keepMeasurement(session, record, 'attack.json');
  terminal.print(attackExampleText(example, terminal));
  for (const tableOf of [
    attackSummaryTable,
    targetTable,
    targetDistanceTable,
    queryTable,
    levelTable,
  ]) {
    for (const line of tableSection(tableOf(record), terminal)) terminal.print(line);
  }
  terminal.note(`record and pictures: ${flags.out}/attack.json, ${flags.out}/attacked.png`);
  return record;
}

/** How many images of each model stay correct, a sentence each. */
const foundText = ({ attacks }: EvaluationRecord): string[] =>
  attacks.map(({ attack, loss, model, norm, eps, robust }) => {
    const by = loss === null ? attack : `${attack} on ${loss}`;
    const within = eps === null ? `in ${norm}` : `within ${norm} ${numberText(eps)}`;
    return `${model}: ${countText(robust.hits)} of ${counted(robust.total, 'image')} stay correct under ${by} ${within}.`;
  });

export async function action(flags: AttackFlags): Promise<void> {
  epsOf(flags); // report a mistake before anything is loaded
  const session = await openSession(flags);
  const data = await openTestData(flags, flags.model[0], session.terminal);
  const record = await attackModels(session, data, flags);
  session.terminal.print('');
  for (const line of foundText(record)) session.terminal.print(line);
  session.terminal.next(commandLine(['evaluate', '--model', ...flags.model]));
  session.terminal.record(record);
}

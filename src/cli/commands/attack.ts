import { Command, Option } from 'commander';
import type { LossName, Norm } from '../../attacks/index.ts';
import { LOSSES } from '../../attacks/losses/registry.ts';
import { ATTACK_NAMES } from '../../attacks/registry.ts';
import { NORMS } from '../../attacks/types.ts';
import type { Dataset } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import type { EvaluationRecord, Target } from '../../evaluation/index.ts';
import {
  addDataOptions,
  addSharedOptions,
  type DataOptions,
  type SharedOptions,
} from '../options.ts';
import { integer, parseEps, parseSettings, parseTarget } from '../parsers.ts';
import type { Session } from '../session.ts';

/** What to attack, with what. */
export interface AttackFlags extends SharedOptions, DataOptions {
  readonly model: readonly string[];
  readonly attack: string;
  readonly norm?: Norm;
  readonly eps: string;
  readonly loss?: LossName;
  readonly set: readonly string[];
  readonly target?: Target;
  readonly samples: number;
  readonly index?: number;
  readonly source?: string;
  readonly out: string;
}

/** Runs one attack on some models, saves the record and the picture, and prints the story. */
export async function attackModels(
  { engine, terminal }: Session,
  test: Dataset,
  flags: AttackFlags,
): Promise<EvaluationRecord> {
  const { attackNamed, planAttack } = await import('../../attacks/index.ts');
  const evaluation = await import('../../evaluation/index.ts');
  const measuring = await import('../evaluation-run.ts');
  const { imagesToAttack, loadModels, nameOfModel } = await import('../load-models.ts');
  const { attackSummaryTable, exampleGrids, targetDistanceTable, targetTable } = await import(
    '../../report/index.ts'
  );
  const { tableSection } = await import('../evaluation-text.ts');
  const { pickAttackExample, attackExampleFiles, attackExampleText } = await import(
    '../attack-example.ts'
  );
  const attack = attackNamed(flags.attack);
  const norm = flags.norm ?? attack.norms[0];
  const plan = planAttack(attack, {
    norm,
    eps: parseEps(flags.eps, norm),
    loss: flags.loss,
    options: parseSettings(flags.set),
  });
  const dataset = imagesToAttack(test, flags.samples, flags.index);
  const folders = flags.source ? [...flags.model, flags.source] : flags.model;
  const models = await loadModels(folders, dataset);
  const source = flags.source && nameOfModel(flags.source);
  if (attack.access === 'source-gradient' && !source) {
    throw new UserError('bad-flag', `${attack.name} takes its gradients from another model`, {
      hint: 'name its folder with --source',
    });
  }
  if (flags.target !== undefined) evaluation.checkTargeted(attack);
  const planned = {
    plan,
    ...(source && { source }),
    ...(flags.target !== undefined && { target: flags.target }),
  };
  terminal.note(measuring.describeAttack(planned));
  const candidates = new Map<string, Float32Array>();
  const progress = await measuring.evaluationProgress(terminal);
  const record = await evaluation
    .evaluate(
      {
        models,
        dataset,
        samples: dataset.count,
        attacks: [planned],
        seed: flags.seed,
        onProgress: progress.onProgress,
        onCandidates: ({ model }, images) => candidates.set(model, images),
      },
      measuring.provenance(engine, {
        inputsDigest: await measuring.measurementDigest(flags.model, test, flags),
        data: flags.data,
        samples: dataset.count,
        index: flags.index ?? null,
      }),
    )
    .finally(progress.stop);
  const story = pickAttackExample(record, models, dataset, candidates);
  await measuring.saveResults(flags.out, {
    'attack.json': JSON.stringify(record),
    ...attackExampleFiles(story),
    ...Object.fromEntries(exampleGrids(record)),
  });
  terminal.print(attackExampleText(story, terminal));
  for (const tableOf of [attackSummaryTable, targetTable, targetDistanceTable]) {
    for (const line of tableSection(tableOf(record), terminal)) terminal.print(line);
  }
  terminal.note(`record and pictures: ${flags.out}/attack.json, ${flags.out}/attacked.png`);
  return record;
}

async function attack(flags: AttackFlags): Promise<void> {
  const { openData, openSession } = await import('../session.ts');
  parseEps(flags.eps, flags.norm ?? 'Linf'); // a mistake is told before anything is loaded
  const session = await openSession(flags);
  const { test } = await openData(flags, session.terminal);
  session.terminal.record(await attackModels(session, test, flags));
}

export function attackCommand(): Command {
  const command = new Command('attack')
    .description('attack models with one attack and show an attacked image')
    .option('--model <folders...>', 'model folders to attack', [
      'models/baseline',
      'models/student',
    ])
    .addOption(new Option('--attack <name>', 'which attack').choices(ATTACK_NAMES).default('fgsm'))
    .addOption(
      new Option('--norm <name>', "of the perturbation (default: the attack's first)").choices(
        NORMS,
      ),
    )
    .option('--eps <x>', 'budget in pixel values, such as 0.1 or 8/255', '0.1')
    .addOption(
      new Option('--loss <name>', "what the attack climbs (default: the attack's best)").choices(
        LOSSES,
      ),
    )
    .option('--set <name=value...>', "the attack's own options, such as steps=100", [])
    .addOption(
      new Option('--target <class>', 'aim at a class, or at every wrong one in turn').argParser(
        parseTarget,
      ),
    )
    .option('--source <folder>', 'model that a transfer attack takes its gradients from')
    .option('--samples <n>', 'test images to attack', integer('--samples', 1), 1000)
    .option('--index <n>', 'attack only this test image', integer('--index', 0));
  return addSharedOptions(addDataOptions(command))
    .option('--out <folder>', 'folder for the record and the picture', 'report/attack')
    .addHelpText(
      'after',
      '\nExample:\n  distill attack --attack pgd --eps 0.3 --loss margin --set steps=100',
    )
    .action(attack);
}

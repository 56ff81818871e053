/** `distill reproduce`: the figures of a paper, published beside measured. */
import { join } from 'node:path';
import {
  openSweep,
  type PlannedTrial,
  REPRODUCTIONS,
  type ReproductionName,
  reproduce,
  type Subject,
} from '../../experiments/index.ts';
import { writeFiles } from '../../library/index.ts';
import { counted } from '../../numbers.ts';
import { buildReproductionReport, claimTables, intervalNote } from '../../report/index.ts';
import { digestOf } from '../../storage/index.ts';
import { DEFAULTS, settingsWith, type TrainingSettings } from '../../training/index.ts';
import { RECIPE_SETTINGS, RECIPES } from '../../training/settings.ts';
import { programVersion } from '../../version.ts';
import { commandLine } from '../command-text.ts';
import type { ReproduceFlags } from '../commands/reproduce.ts';
import { whenInterrupted } from '../session.ts';
import { localWorkers, type SweepJob, workOnSweep } from '../sweep-work.ts';
import { tableText } from '../table.ts';
import { Terminal } from '../terminal.ts';

/** Characters of the digest in a folder's name. */
const ID_LENGTH = 10;

/** The recipe's settings of training, as `run --recipe` has them. */
function recipeOf(paper: ReproductionName) {
  const { recipe } = REPRODUCTIONS[paper];
  const settings: Partial<TrainingSettings> & { readonly noiseCopies?: number } = RECIPES[recipe];
  const { noiseCopies = DEFAULTS.noiseCopies, ...training } = settings;
  return { noiseCopies, training: settingsWith({ ...training, ...RECIPE_SETTINGS[recipe] }) };
}

/** The options that a trial is repeated with, its model and its seed apart. */
function sharedWords(paper: ReproductionName, flags: ReproduceFlags): string[] {
  const { data, trainSize, samples, epochs, architecture, outputScaling, engine } = flags;
  const given = { 'train-size': trainSize, samples, epochs, architecture };
  return [
    ...['reproduce', paper, ...(data === 'mnist' ? [] : ['--data', data])],
    ...Object.entries(given).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}`, String(value)],
    ),
    ...(outputScaling ? ['--output-scaling'] : []),
    ...(engine === 'auto' ? [] : ['--engine', engine]),
  ];
}

export async function action(paper: ReproductionName, flags: ReproduceFlags): Promise<void> {
  const terminal = new Terminal(flags);
  const { samples: usualSamples, temperatures: usual } = REPRODUCTIONS[paper];
  const temperatures = [...new Set(flags.temperature ?? usual)];
  const seeds = Array.from({ length: flags.seeds }, (_, i) => flags.seed + i);
  const published = recipeOf(paper);
  const { epochs, architecture, data, trainSize = null, samples = usualSamples, engine } = flags;
  const trialAt = ({ temperature }: Subject, seed: number): PlannedTrial => ({
    settings: {
      data,
      trainSize,
      training: {
        ...published.training,
        ...(epochs !== undefined && { epochs }),
        ...(architecture && { architecture }),
        ...(flags.outputScaling && { outputScaling: true }),
        temperature: temperature ?? 1,
        seed,
      },
      noise: {
        kind: DEFAULTS.noiseKind,
        scale: DEFAULTS.noise,
        copies: published.noiseCopies,
        seed,
      },
      fineTuneEpochs: DEFAULTS.fineTuneEpochs,
      eps: 0,
      samples,
      engine,
      paper,
      ...(temperature === null && { isUndistilled: true }),
    },
    command: [
      ...sharedWords(paper, flags),
      ...['--temperature', String(temperature ?? 1), '--seed', String(seed)],
    ],
  });
  const first = trialAt({ name: '', temperature: null }, seeds[0]).settings;
  const digest = digestOf({ program: programVersion(), first, temperatures, seeds });
  const folder = flags.out ?? join(flags.runs, `${paper}-${digest.slice(0, ID_LENGTH)}`);
  const command = process.argv.slice(2);
  const isResumed = await openSweep(folder, { program: programVersion(), digest, command });
  const total = (1 + temperatures.length) * seeds.length;
  terminal.note(
    `${paper}: ${counted(total, 'model')}; ${isResumed ? 'goes on in' : 'folder'} ${folder}`,
  );
  whenInterrupted('the same command goes on from here');
  const open = (job: SweepJob) => localWorkers(flags, terminal, job);
  const results = await workOnSweep({ label: paper, folder, total, terminal, open }, (tools) =>
    reproduce(
      {
        ...{ paper, folder, executor: tools.executor, temperatures, seeds, command, trialAt },
        commandText: commandLine,
        onTrial: ({ seed, run }, { name }) => tools.onTrial(run, `${name}, seed ${seed}`),
      },
      published.training,
    ),
  );
  const { files } = await buildReproductionReport(results);
  await writeFiles(join(folder, 'report'), files);
  for (const table of claimTables(results)) {
    terminal.print(`${table.caption}\n${tableText(table, terminal)}\n`);
  }
  terminal.print(`${intervalNote(results)}\n`);
  for (const text of results.differences) terminal.print(`- ${text}`);
  terminal.print('');
  terminal.print(results.answer);
  terminal.note(`page: ${join(folder, 'report', 'index.html')}`);
  terminal.record(results);
}

import { Command } from 'commander';
import type { TrainingSettings } from '../../training/index.ts';
import { DEFAULTS } from '../../training/settings.ts';
import {
  addGateOptions,
  addSharedOptions,
  addTemperatureOption,
  addTrainingOptions,
  type GateFlags,
  gatesOf,
  type SharedOptions,
  type TrainingFlags,
  trainingSettings,
} from '../options.ts';
import { integer, parseEps } from '../parsers.ts';
import type { StepRecord } from '../run-summary.ts';
import { addNoiseOptions, type SoftLabelFlags } from './soft-labels.ts';

interface Flags extends SharedOptions, TrainingFlags, SoftLabelFlags, GateFlags {
  readonly fineTuneEpochs: number;
  readonly eps: readonly string[];
  readonly samples: number;
  readonly models: string;
  readonly force?: true;
}

const DEFAULT_MODELS = 'models';

/** Where a run keeps what; with another `--models`, everything stays below that folder. */
function pathsOf(models: string) {
  const isDefault = models === DEFAULT_MODELS;
  return {
    baseline: `${models}/baseline`,
    teacher: `${models}/teacher`,
    student: `${models}/student`,
    softLabels: isDefault ? 'data/soft-labels' : `${models}/soft-labels`,
    attack: isDefault ? 'report/attack' : `${models}/report/attack`,
    evaluation: isDefault ? 'report/evaluate' : `${models}/report/evaluate`,
    report: isDefault ? 'report' : `${models}/report`,
  };
}

async function run(flags: Flags): Promise<void> {
  const { checkFolder, checkWritable } = await import('../../storage/index.ts');
  const { openData, openSession } = await import('../session.ts');
  const { MODEL_FOLDER, readModelCard } = await import('../../models/index.ts');
  const training = await import('../../training/index.ts');
  const { describeModel, describeSoftLabels, softLabelsWithProgress, trainWithProgress } =
    await import('../training.ts');
  const { attackModels } = await import('./attack.ts');
  const { evaluateModels } = await import('./evaluate.ts');
  const { writeReport } = await import('./report.ts');
  const { measurementDigest, saveResults } = await import('../evaluation-run.ts');
  const { readMatchingRecord, runSummary } = await import('../run-summary.ts');
  const { judgeGates, requireGates } = await import('../../evaluation/index.ts');

  const gates = gatesOf(flags);
  const paths = pathsOf(flags.models);
  for (const text of flags.eps) parseEps(text, 'Linf');
  for (const name of ['baseline', 'teacher', 'student'] as const) {
    await checkFolder(paths[name], MODEL_FOLDER);
  }
  await checkFolder(paths.softLabels, training.SOFT_LABELS_FOLDER);
  for (const name of ['attack', 'evaluation', 'report'] as const) await checkWritable(paths[name]);
  const settings = trainingSettings(flags);
  const started = performance.now();
  const session = await openSession(flags);
  const { terminal } = session;
  const data = await openData(flags, terminal);
  training.checkNoiseCopies(data.train, flags.noiseCopies);
  const steps: StepRecord[] = [];

  /** Does a step unless what it left is there and still matches its inputs. */
  async function step<T>(
    name: string,
    reuse: () => Promise<T | undefined>,
    work: () => Promise<T>,
    describe: (result: T) => string,
  ): Promise<T> {
    const begun = performance.now();
    const old = flags.force ? undefined : await reuse();
    const result = old ?? (await work());
    const seconds = (performance.now() - begun) / 1000;
    steps.push({ step: name, seconds, upToDate: old !== undefined });
    terminal.note(`${describe(result)} (${old ? 'up to date' : `${seconds.toFixed(1)} s`})`);
    return result;
  }

  const cardOf = async (folder: string, inputsDigest: string) => {
    const card = await readModelCard(folder).catch(() => undefined);
    return card?.inputsDigest === inputsDigest ? card : undefined;
  };
  // A run that was stopped goes on from its checkpoint when the settings are still the same.
  const jobOf = (label: 'baseline' | 'teacher' | 'student', ownSettings: TrainingSettings) => ({
    label,
    data,
    settings: ownSettings,
    out: paths[label],
    resume: flags.force ? ('never' as const) : ('matching' as const),
    logDir: flags.logDir,
  });
  const teacherStep = (name: 'baseline' | 'teacher', ownSettings: TrainingSettings) =>
    step(
      name,
      () => cardOf(paths[name], training.teacherInputsDigest(data, ownSettings)),
      () => trainWithProgress(session, jobOf(name, ownSettings), training.trainTeacher),
      (card) => describeModel(card, paths[name]),
    );

  await teacherStep('baseline', { ...settings, temperature: 1 });
  const teacher = await teacherStep('teacher', settings);
  const noise = {
    kind: flags.noiseKind,
    scale: flags.noise,
    copies: flags.noiseCopies,
    seed: flags.seed,
  };
  const softLabels = await step(
    'soft labels',
    async () => {
      const wanted = training.softLabelInputsDigest(
        teacher,
        data.train,
        settings.temperature,
        noise,
      );
      const labels = await training.readSoftLabels(paths.softLabels, data).catch(() => undefined);
      return labels?.card.inputsDigest === wanted ? labels : undefined;
    },
    () =>
      softLabelsWithProgress(session, {
        ...flags,
        data,
        teacher: paths.teacher,
        out: paths.softLabels,
      }),
    ({ card }) => describeSoftLabels(card, paths.softLabels),
  );
  const { fineTuneEpochs } = flags;
  await step(
    'student',
    () =>
      cardOf(
        paths.student,
        training.studentInputsDigest(data, settings, softLabels.card.digest, fineTuneEpochs),
      ),
    () =>
      trainWithProgress(session, jobOf('student', settings), (options) =>
        training.trainStudent({ ...options, softLabels, fineTuneEpochs }),
      ),
    (card) => describeModel(card, paths.student),
  );

  const folders = [paths.baseline, paths.teacher, paths.student];
  const attackFlags = {
    ...flags,
    model: [paths.baseline, paths.student],
    attack: 'fgsm',
    eps: flags.eps[flags.eps.length - 1],
    set: [],
    out: paths.attack,
  };
  await step(
    'attack',
    async () =>
      readMatchingRecord(
        `${paths.attack}/attack.json`,
        await measurementDigest(attackFlags.model, data.test, attackFlags),
      ),
    () => attackModels(session, data.test, attackFlags),
    () => `one attacked image: ${paths.attack}/attacked.png`,
  );
  const evaluateFlags = {
    ...flags,
    model: folders,
    preset: 'quick' as const,
    norm: 'Linf' as const,
    out: paths.evaluation,
  };
  const record = await step(
    'evaluate',
    async () => {
      const inputsDigest = await measurementDigest(folders, data.test, evaluateFlags);
      const path = `${paths.evaluation}/evaluation.json`;
      const old = await readMatchingRecord(path, inputsDigest);
      if (!old) return undefined;
      // The measurements are the same, the gates may not be.
      const judged = { ...old, gates: judgeGates(gates, old, flags.gateOn ?? 'estimate') };
      await saveResults(paths.evaluation, { 'evaluation.json': JSON.stringify(judged) });
      return judged;
    },
    () => evaluateModels(session, data.test, evaluateFlags),
    () => `record: ${paths.evaluation}/evaluation.json`,
  );
  await step(
    'report',
    async () => undefined, // quicker made than checked
    () => writeReport([record], paths.report, terminal),
    (page) => `page to look at and pass on: ${page}`,
  );
  const seconds = (performance.now() - started) / 1000;
  terminal.print(runSummary(record, steps, seconds, terminal));
  terminal.record({ schema: 'distill-run/1', steps, seconds, evaluation: record });
  requireGates(record);
}

export function runCommand(): Command {
  const command = new Command('run').description(
    'the whole recipe in order: baseline, teacher, soft labels, student, attack, evaluate, report',
  );
  addNoiseOptions(addTrainingOptions(addTemperatureOption(command)))
    .option(
      '--fine-tune-epochs <n>',
      'passes of the student over hard labels afterwards',
      integer('--fine-tune-epochs', 0),
      DEFAULTS.fineTuneEpochs,
    )
    .option('--eps <x...>', 'budgets of the attacks in pixel values, such as 0.1 or 8/255', [
      '0.1',
      '0.3',
    ])
    .option('--samples <n>', 'test images to attack', integer('--samples', 1), 1000)
    .option('--models <folder>', 'folder for the three models', DEFAULT_MODELS)
    .option('--force', 'do every step again, also those that are up to date')
    .addHelpText(
      'after',
      '\nExample:\n  distill run --train-size 6000 --epochs 3 --models models/small',
    );
  return addSharedOptions(addGateOptions(command)).action(run);
}

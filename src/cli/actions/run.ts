/** `distill run`: the whole recipe in order, without repeating what is up to date. */

import { rm } from 'node:fs/promises';
import type { DataSplits } from '../../data/index.ts';
import { type EvaluationRecord, judgeGates } from '../../evaluation/index.ts';
import { writeFiles } from '../../library/index.ts';
import { MODEL_FOLDER, readModelCard } from '../../models/index.ts';
import { answerOf, answerSentences } from '../../report/index.ts';
import { checkFolder, checkWritable } from '../../storage/index.ts';
import {
  checkNoiseCopies,
  readSoftLabels,
  SOFT_LABELS_FOLDER,
  type SoftLabels,
  softLabelInputsDigest,
  studentInputsDigest,
  type TrainingSettings,
  teacherInputsDigest,
  trainStudent,
  trainTeacher,
} from '../../training/index.ts';
import { endWith, quietFor } from '../ci-output.ts';
import { commandLine } from '../command-text.ts';
import type { RunFlags } from '../commands/run.ts';
import { digestOfPlan, partialFile } from '../evaluation-run.ts';
import { gatesOf } from '../options.ts';
import { parseEps } from '../parsers.ts';
import { RunSteps } from '../run-steps.ts';
import { readMatchingRecord, runSummary } from '../run-summary.ts';
import { openData, openSession, type Session, whenInterrupted } from '../session.ts';
import type { Whole } from '../terminal.ts';
import {
  describeModel,
  describeSoftLabels,
  softLabelsWithProgress,
  trainWithProgress,
} from '../training.ts';
import { trainingSettings } from '../training-options.ts';
import { attackFolders, attackModels, planAttackRun } from './attack.ts';
import { evaluateModels, planEvaluation } from './evaluate.ts';
import { checkReportFolder, writeReport } from './report.ts';

/** What a run writes where; with another `--models`, everything lies below that folder. */
function pathsOf(models: string) {
  const isDefault = models === 'models';
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

type Paths = ReturnType<typeof pathsOf>;

/** What every step works with. */
interface Run {
  readonly flags: RunFlags;
  readonly paths: Paths;
  readonly session: Session;
  readonly data: DataSplits;
  readonly steps: RunSteps;
}

/** @throws UserError when a path holds something that the run must not replace */
async function checkPaths(paths: Paths): Promise<void> {
  for (const name of ['baseline', 'teacher', 'student'] as const) {
    await checkFolder(paths[name], MODEL_FOLDER);
  }
  await checkFolder(paths.softLabels, SOFT_LABELS_FOLDER);
  await checkReportFolder(paths.report);
  for (const name of ['attack', 'evaluation', 'report'] as const) await checkWritable(paths[name]);
}

/** The card of a model that was made from the same inputs, if there is one. */
async function matchingCard(folder: string, inputsDigest: string) {
  const card = await readModelCard(folder).catch(() => undefined);
  return card?.inputsDigest === inputsDigest ? card : undefined;
}

/** All that is trained, in the time of the baseline: the student also learns from noisy copies. */
function allTrainings(
  { noiseCopies, fineTuneEpochs }: RunFlags,
  { epochs }: TrainingSettings,
): Whole {
  const student = 1 + noiseCopies + fineTuneEpochs / epochs;
  return { name: 'baseline, teacher and student', times: 2 + student };
}

/** A run that was interrupted resumes from its checkpoint if the settings are still the same. */
function jobOf(
  { flags, paths, data }: Run,
  label: 'baseline' | 'teacher' | 'student',
  settings: TrainingSettings,
) {
  const resume = flags.force ? ('never' as const) : ('matching' as const);
  const whole = label === 'baseline' ? { whole: allTrainings(flags, settings) } : {};
  return { ...whole, label, data, settings, out: paths[label], resume, logDir: flags.logDir };
}

function teacherStep(run: Run, name: 'baseline' | 'teacher', settings: TrainingSettings) {
  const { paths, session, data, steps } = run;
  return steps.do({
    name,
    reuse: () => matchingCard(paths[name], teacherInputsDigest(data, settings)),
    work: () => trainWithProgress(session, jobOf(run, name, settings), trainTeacher),
    describe: (card) => describeModel(card, paths[name]),
  });
}

/** Baseline, teacher, soft labels and student. */
async function train(run: Run, settings: TrainingSettings): Promise<void> {
  const { flags, paths, session, data, steps } = run;
  const { fineTuneEpochs, noiseKind, noise: scale, noiseCopies, seed } = flags;
  await teacherStep(run, 'baseline', { ...settings, temperature: 1 });
  const teacher = await teacherStep(run, 'teacher', settings);
  const noise = { kind: noiseKind, scale, copies: noiseCopies, seed };
  const softLabels: SoftLabels = await steps.do({
    name: 'soft labels',
    reuse: async () => {
      const { temperature } = settings;
      const wanted = softLabelInputsDigest(teacher, data.train, temperature, noise);
      const labels = await readSoftLabels(paths.softLabels, data).catch(() => undefined);
      return labels?.card.inputsDigest === wanted ? labels : undefined;
    },
    work: () => {
      const { teacher: folder, softLabels: out } = paths;
      return softLabelsWithProgress(session, { ...flags, data, teacher: folder, out });
    },
    describe: ({ card }) => describeSoftLabels(card, paths.softLabels),
  });
  await steps.do({
    name: 'student',
    reuse: () => {
      const { digest } = softLabels.card;
      return matchingCard(
        paths.student,
        studentInputsDigest(data, settings, digest, fineTuneEpochs),
      );
    },
    work: () =>
      trainWithProgress(session, jobOf(run, 'student', settings), (options) =>
        trainStudent({ ...options, softLabels, fineTuneEpochs }),
      ),
    describe: (card) => describeModel(card, paths.student),
  });
}

/** One attack with pictures. */
async function attack({ flags, paths, session, data, steps }: Run): Promise<void> {
  const attackFlags = {
    ...flags,
    model: [paths.baseline, paths.student],
    attack: 'fgsm',
    eps: flags.eps[flags.eps.length - 1],
    set: [],
    out: paths.attack,
  };
  await steps.do({
    name: 'attack',
    reuse: async () =>
      readMatchingRecord(
        `${paths.attack}/attack.json`,
        await digestOfPlan(attackFolders(attackFlags), planAttackRun(attackFlags, data)),
      ),
    work: () => attackModels(session, data, attackFlags),
    describe: () => `one attacked image: ${paths.attack}/attacked.png`,
  });
}

/** The three models side by side, held against the gates. */
function evaluate({ flags, paths, session, data, steps }: Run): Promise<EvaluationRecord> {
  const evaluateFlags = {
    ...flags,
    model: [paths.baseline, paths.teacher, paths.student],
    preset: 'quick' as const,
    norm: 'Linf' as const,
    out: paths.evaluation,
  };
  const path = `${paths.evaluation}/evaluation.json`;
  return steps.do({
    name: 'evaluate',
    reuse: async () => {
      const digest = await digestOfPlan(evaluateFlags.model, planEvaluation(evaluateFlags, data));
      const old = await readMatchingRecord(path, digest);
      if (!old) return undefined;
      // One that was killed after its record was saved has left its state.
      await rm(partialFile(paths.evaluation), { force: true });
      // The measurements are the same, but the gates may differ.
      const gates = judgeGates(gatesOf(flags), old, flags.gateOn ?? 'estimate');
      const judged = { ...old, gates };
      await writeFiles(paths.evaluation, { 'evaluation.json': JSON.stringify(judged) });
      return judged;
    },
    work: () => evaluateModels(session, data, evaluateFlags),
    describe: () => `record: ${path}`,
  });
}

/** What the temperature does here, where a reader of the paper may expect something else. */
export function temperatureNotes({
  temperature,
  outputScaling,
}: Pick<RunFlags, 'temperature' | 'outputScaling'>): string[] {
  if (temperature === 1) {
    return [
      'at T = 1 the teacher is trained as the baseline is: the student learns from soft labels, and nothing else is distilled',
    ];
  }
  return outputScaling
    ? [
        'the output layer is scaled for T, so accuracy and training are flat in T by design: --recipe paper trains as the paper does',
      ]
    : [];
}

export async function action(flags: RunFlags): Promise<void> {
  gatesOf(flags); // report a mistake before anything is loaded
  for (const text of flags.eps) parseEps(text, 'Linf');
  const paths = pathsOf(flags.models);
  await checkPaths(paths);
  const started = performance.now();
  const session = await openSession(quietFor(flags));
  const { terminal } = session;
  whenInterrupted('the same command goes on from here');
  const data = await openData(flags, terminal);
  checkNoiseCopies(data.train, flags.noiseCopies);
  for (const note of temperatureNotes(flags)) terminal.note(note);
  const steps = new RunSteps(terminal, flags.force === true);
  const run = { flags, paths, session, data, steps };
  await train(run, trainingSettings(flags));
  await attack(run);
  const record = await evaluate(run);
  await steps.do({
    name: 'report',
    reuse: async () => undefined, // making it is faster than checking it
    work: () => writeReport([record], paths.report, terminal),
    describe: (page) => `report: ${page}`,
  });
  const seconds = (performance.now() - started) / 1000;
  await endWith(flags, terminal, {
    record,
    text: runSummary(record, steps.records, seconds, terminal),
    notes: [`page: ${paths.report}/index.html`],
    next: commandLine(['playground', '--model', paths.baseline, paths.student]),
    json: {
      answer: answerSentences(answerOf(record)).join(' '),
      schema: 'distill-run/1',
      steps: steps.records,
      seconds,
      evaluation: record,
    },
  });
}

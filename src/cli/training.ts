import { join } from 'node:path';
import type { DataSplits } from '../data/index.ts';
import type { ModelCard } from '../models/index.ts';
import { counted, countText, percent } from '../numbers.ts';
import {
  DEFAULTS,
  makeSoftLabels,
  type SoftLabels,
  type SoftLabelsCard,
  type TrainingOptions,
} from '../training/index.ts';
import { commandLine, resumeText } from './command-text.ts';
import { keepTraining } from './keeping.ts';
import { openData, openSession, type Session, whenInterrupted } from './session.ts';
import { trainingDetail, type Whole } from './terminal.ts';
import { TrainingLog } from './training-log.ts';
import type { SoftLabelFlags, TrainingCommandFlags } from './training-options.ts';

/** What is trained, and where its progress is logged. */
export interface TrainingJob extends Pick<TrainingOptions, 'data' | 'settings' | 'out' | 'resume'> {
  readonly label: string;
  /** What it is the first part of; absent: nothing else is trained. */
  readonly whole?: Whole;
  /** Folder for TensorBoard's event files; absent: none are written. */
  readonly logDir: string | undefined;
}

type Train = (options: TrainingOptions) => Promise<ModelCard>;

/**
 * Runs a training function with a progress bar and, if wanted, a log for TensorBoard.
 * @param onSaved called at every step after the first checkpoint
 */
export async function trainWithProgress(
  session: Session,
  { label, logDir, whole, ...job }: TrainingJob,
  train: Train,
  onSaved: () => void = () => {},
): Promise<ModelCard> {
  const { engine, terminal } = session;
  const started = new Date();
  const log = logDir === undefined ? undefined : new TrainingLog(join(logDir, label));
  const progress = terminal.progress(label, whole);
  try {
    const card = await train({
      ...job,
      engine,
      onProgress(state) {
        const { epoch, epochs, step, steps } = state;
        const done = (epoch - 1) * steps + step;
        progress.update(done, epochs * steps, trainingDetail(state), state.secondsLeft);
        if (epoch > 1) onSaved();
      },
      onEpoch: (record) => log?.epoch(record),
    });
    await log?.attackedDigits(job.out, job.data.test, card.history.length);
    progress.stop();
    await keepTraining(session, card, job.out, started);
    return card;
  } finally {
    progress.stop();
    log?.close();
  }
}

/**
 * A training command from its settings on: opens engine and data, trains, prints and records.
 * @param prepare reads what training needs besides the data, before the progress bar appears
 */
export async function runTraining(
  flags: TrainingCommandFlags,
  { label, out, settings }: Pick<TrainingJob, 'label' | 'out' | 'settings'>,
  prepare: (data: DataSplits) => Train | Promise<Train>,
): Promise<void> {
  const session = await openSession(flags);
  const data = await openData(flags, session.terminal);
  const resume = flags.resume ? 'always' : 'never';
  const { logDir } = flags;
  const train = await prepare(data);
  const text = resumeText();
  whenInterrupted(flags.resume ? text : 'no epoch was done, so nothing is saved');
  const card = await trainWithProgress(
    session,
    { label, out, settings, data, resume, logDir },
    train,
    () => whenInterrupted(text),
  );
  session.terminal.print(describeModel(card, out));
  warnOfGuessing(card, session);
  session.terminal.next(nextAfter(card, out));
  session.terminal.record(card);
}

/** How far above guessing an accuracy may be and still say that nothing was learned. */
const LITTLE = 0.05;

function warnOfGuessing(
  { history, network: { classes }, settings }: ModelCard,
  { terminal }: Session,
) {
  const accuracy = history.at(-1)?.validationAccuracy;
  if (accuracy === undefined || accuracy > 1 / classes + LITTLE) return;
  terminal.warn(
    `it has learned next to nothing: ${percent(accuracy)} of the validation images are right, and guessing gives ${percent(1 / classes)}; a lower --learning-rate than ${settings.learningRate} may help, or more --epochs`,
  );
}

/** What a model of this role is for. */
function nextAfter({ role }: ModelCard, out: string): string {
  if (role === 'teacher') return commandLine(['soft-labels', '--teacher', out]);
  if (role === 'baseline') return commandLine(['attack', '--model', out]);
  return commandLine(['check', out, '--preset', 'quick']);
}

/** Makes soft labels with a progress bar. */
export async function softLabelsWithProgress(
  { terminal }: Session,
  options: SoftLabelFlags & {
    data: DataSplits;
    teacher: string;
    temperature: number;
    seed: number;
    out: string;
  },
): Promise<SoftLabels> {
  const { data, teacher, temperature, noise, noiseKind, noiseCopies, seed, out } = options;
  const { dropoutPasses: passes, outlierShare: share } = { ...DEFAULTS, ...options };
  const progress = terminal.progress('soft labels');
  try {
    return await makeSoftLabels({
      data,
      teacher,
      temperature,
      noise: { kind: noiseKind, scale: noise, copies: noiseCopies, seed },
      outlier: options.outlierClass && { passes, share, seed },
      out,
      onProgress: (done, total) =>
        progress.update(done, total, `${countText(done)} of ${counted(total, 'image')}`),
    });
  } finally {
    progress.stop();
  }
}

/** A line or two on a model that has just been trained. */
export function describeModel({ role, temperature, history }: ModelCard, out: string): string {
  const last = history.at(-1);
  const accuracy = last ? `, validation accuracy ${percent(last.validationAccuracy)}` : '';
  return `${role} trained at T = ${temperature} in ${counted(history.length, 'epoch')}${accuracy}: ${out}`;
}

/** A line or two on soft labels that have just been made. */
export function describeSoftLabels(card: SoftLabelsCard, out: string): string {
  const { data, noise, temperature, meanEntropy, classes, outlier } = card;
  const copies = counted(noise.copies, 'noisy copy', 'noisy copies');
  return (
    `${outlier ? 'labels with an outlier class' : `soft labels at T = ${temperature}`} of ${counted(data.count, 'image')} and ${copies} of each, ` +
    `mean entropy ${meanEntropy.toFixed(4)} of at most ${Math.log(classes).toFixed(2)} nats: ${out}`
  );
}

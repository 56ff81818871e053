import type { DataSplits } from '../data/index.ts';
import { checkWritable } from '../data/index.ts';
import type { ModelCard } from '../models/index.ts';
import {
  makeSoftLabels,
  type SoftLabels,
  type SoftLabelsCard,
  type TrainingProgress,
} from '../training/index.ts';
import type { SoftLabelFlags } from './commands/soft-labels.ts';
import type { Session } from './session.ts';
import { trainingDetail } from './terminal.ts';

/** Runs a training function with a progress bar. */
export async function trainWithProgress(
  { terminal }: Session,
  label: string,
  train: (onProgress: (progress: TrainingProgress) => void) => Promise<ModelCard>,
): Promise<ModelCard> {
  const progress = await terminal.progress(label);
  try {
    return await train((state) => {
      const { epoch, epochs, step, steps } = state;
      progress.update((epoch - 1) * steps + step, epochs * steps, trainingDetail(state));
    });
  } finally {
    progress.stop();
  }
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
  await checkWritable(out);
  const progress = await terminal.progress('soft labels');
  try {
    return await makeSoftLabels({
      data,
      teacher,
      temperature,
      noise: { kind: noiseKind, scale: noise, copies: noiseCopies, seed },
      out,
      onProgress: (done, total) => progress.update(done, total, `${done} of ${total} images`),
    });
  } finally {
    progress.stop();
  }
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

/** A line or two on a model that has just been trained. */
export function describeModel({ role, temperature, history }: ModelCard, out: string): string {
  const last = history.at(-1);
  const accuracy = last ? `, validation accuracy ${percent(last.validationAccuracy)}` : '';
  return `${role} trained at T = ${temperature} in ${history.length} epochs${accuracy}: ${out}`;
}

/** A line or two on soft labels that have just been made. */
export function describeSoftLabels(card: SoftLabelsCard, out: string): string {
  const { data, noise, temperature, meanEntropy, classes } = card;
  return (
    `soft labels at T = ${temperature} of ${data.count} images and ${noise.copies} noisy copies each, ` +
    `mean entropy ${meanEntropy.toFixed(4)} of at most ${Math.log(classes).toFixed(2)} nats: ${out}`
  );
}

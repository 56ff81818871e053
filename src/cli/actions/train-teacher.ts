/** `distill train-teacher`: a model trained on hard labels; at T = 1 it is the baseline. */
import { trainTeacher } from '../../training/index.ts';
import type { TrainTeacherFlags } from '../commands/train-teacher.ts';
import { runTraining } from '../training.ts';
import { trainingSettings } from '../training-options.ts';

export async function action(flags: TrainTeacherFlags): Promise<void> {
  const settings = trainingSettings(flags);
  const label = settings.temperature === 1 ? 'baseline' : 'teacher';
  const out = flags.out ?? `models/${label}`;
  await runTraining(flags, { label, out, settings }, () => trainTeacher);
}

/** `distill train-student`: the student learns the teacher's soft labels. */
import {
  checkStudentTemperature,
  readSoftLabels,
  readSoftLabelsCard,
  trainStudent,
} from '../../training/index.ts';
import type { TrainStudentFlags } from '../commands/train-student.ts';
import { runTraining } from '../training.ts';
import { adversaryOf, trainingSettings } from '../training-options.ts';

export async function action(flags: TrainStudentFlags): Promise<void> {
  const card = await readSoftLabelsCard(flags.softLabels);
  const temperature = flags.temperature ?? card.temperature;
  if (!flags.allowTemperatureMismatch) checkStudentTemperature(card, temperature);
  const settings = trainingSettings({ ...flags, temperature });
  const adversary = flags.robust && adversaryOf(flags);
  const { out, fineTuneEpochs } = flags;
  await runTraining(flags, { label: 'student', out, settings }, async (data) => {
    const softLabels = await readSoftLabels(flags.softLabels, data);
    return (options) => trainStudent({ ...options, softLabels, fineTuneEpochs, adversary });
  });
}

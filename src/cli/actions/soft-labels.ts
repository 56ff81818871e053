/** `distill soft-labels`: the teacher's probabilities at temperature T, computed once and saved. */
import { readModelCard } from '../../models/index.ts';
import { checkTeacherTemperature } from '../../training/index.ts';
import { commandLine } from '../command-text.ts';
import type { SoftLabelsFlags } from '../commands/soft-labels.ts';
import { openData, openSession } from '../session.ts';
import { describeSoftLabels, softLabelsWithProgress } from '../training.ts';

export async function action(flags: SoftLabelsFlags): Promise<void> {
  const teacher = await readModelCard(flags.teacher);
  const { outlierClass } = flags;
  const temperature = outlierClass ? 1 : (flags.temperature ?? teacher.temperature);
  if (!outlierClass && !flags.allowTemperatureMismatch) {
    checkTeacherTemperature(flags.teacher, teacher, temperature);
  }
  const session = await openSession(flags);
  const data = await openData(flags, session.terminal);
  const { card } = await softLabelsWithProgress(session, { ...flags, temperature, data });
  session.terminal.print(describeSoftLabels(card, flags.out));
  session.terminal.next(commandLine(['train-student', '--soft-labels', flags.out]));
  session.terminal.record(card);
}

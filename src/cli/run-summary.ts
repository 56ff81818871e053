/** What `distill run` ends with: one screen that a stranger understands. */
import { readFile } from 'node:fs/promises';
import { type EvaluationRecord, parseRecord } from '../evaluation/index.ts';
import { accuracyTable, attackTable, percent, testLines } from './evaluation.ts';
import { duration, type Terminal } from './terminal.ts';

/** How long a step took, or that nothing had to be done. */
export interface StepRecord {
  readonly step: string;
  readonly seconds: number;
  readonly upToDate: boolean;
}

/** The record at `path` if it was made from the same models, data and settings. */
export async function readMatchingRecord(
  path: string,
  inputsDigest: string,
): Promise<EvaluationRecord | undefined> {
  try {
    const record = parseRecord(await readFile(path, 'utf8'));
    return record.configuration.inputsDigest === inputsDigest ? record : undefined;
  } catch {
    return undefined; // none there, or damaged: it is made again
  }
}

/** The lowest share of images that the student keeps under the attacks with this loss. */
function lowest(
  { attacks }: EvaluationRecord,
  model: string,
  isCounted: (loss: string | null) => boolean,
) {
  const rates = attacks.filter((attack) => attack.model === model && isCounted(attack.loss));
  return rates.reduce((least, { robust }) => Math.min(least, robust.rate), 1);
}

/** The three sentences that the tables above them prove. */
function verdict(record: EvaluationRecord, terminal: Terminal): string[] {
  const { models } = record;
  const student = models[models.length - 1];
  const softmax = student.gradients.find(({ loss }) => loss === 'softmax');
  const naive = lowest(record, student.name, (loss) => loss === 'softmax');
  const worst = lowest(record, student.name, () => true);
  const bold = terminal.colour.bold;
  return [
    `Attacked through its softmax, the ${student.name} seems to keep ${bold(`${percent(naive)} %`)}. Its`,
    `gradient is exactly zero on ${bold(`${percent(softmax?.zero.rate ?? 0)} %`)} of the images: the attack sees nothing.`,
    `Attacked through a loss that does not vanish, it keeps ${bold(`${percent(worst)} %`)}.`,
  ];
}

/** Accuracy, accuracy under attack, what they mean, and how long each step took. */
export function runSummary(
  record: EvaluationRecord,
  steps: readonly StepRecord[],
  seconds: number,
  terminal: Terminal,
): string {
  const heading = (text: string) => `\n${terminal.colour.bold(text)}`;
  const times = steps.map(({ step, seconds: taken, upToDate }) =>
    upToDate ? `${step} up to date` : `${step} ${duration(taken)}`,
  );
  return [
    heading(`Accuracy on ${record.data.indices.length} test images`),
    accuracyTable(record),
    ...testLines(record),
    heading(`Accuracy under attack, % of ${record.attacks[0]?.success.length ?? 0} images`),
    attackTable(record),
    '',
    ...verdict(record, terminal),
    '',
    `Time: ${times.slice(0, 3).join(', ')},`,
    `      ${times.slice(3).join(', ')};`,
    `      ${duration(seconds)} in all.`,
  ].join('\n');
}

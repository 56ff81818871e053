/** Every training and measurement leaves a run below a folder of runs. */

import { type EvaluationRecord, medianGap } from '../evaluation/index.ts';
import { keepRun } from '../experiments/index.ts';
import type { ModelCard } from '../models/index.ts';
import { mainBudget, primaryModel } from '../report/index.ts';
import type { Session } from './session.ts';

/** The command that is running, for the kind of a run and to repeat it. */
const commandNow = (): readonly string[] => process.argv.slice(2);

/** Where a run was kept, as a note. */
const noteOf = (folder: string): string => `kept: ${folder}`;

/** Keeps a training: its card, and the weights, which the next training may replace. */
export async function keepTraining(
  { runs, terminal }: Session,
  card: ModelCard,
  model: string,
  startedAt: Date,
): Promise<void> {
  if (runs === undefined) return;
  const { role, data, softLabels, settings, engine, history, program, digest } = card;
  const last = history.at(-1);
  const { folder } = await keepRun(
    runs,
    {
      kind: `train-${role}`,
      program,
      command: [...commandNow()],
      startedAt: startedAt.toISOString(),
      seconds: (Date.now() - startedAt.getTime()) / 1000,
      engine,
      outcome: 'done',
      configuration: {
        ...(data && { data: data.source, trainSize: data.trainSize }),
        ...settings,
        model,
      },
      metrics: {
        epochs: history.length,
        ...(last && {
          train_accuracy: last.trainAccuracy,
          validation_accuracy: last.validationAccuracy,
        }),
      },
      digests: {
        [role]: digest,
        ...(data && { data: data.digest }),
        ...(softLabels && { softLabels: softLabels.digest, teacher: softLabels.teacher }),
      },
    },
    { model },
  );
  terminal.note(noteOf(folder));
}

/** Accuracy of the model that a record is about, clean and under all attacks at its main budget. */
function metricsOf(record: EvaluationRecord): Record<string, number> {
  const model = primaryModel(record);
  if (!model) return {};
  const budget = mainBudget(record.attacks.filter((attack) => attack.model === model.name));
  const worst = record.worstCases.find(
    (one) => one.model === model.name && one.norm === budget?.norm && one.eps === budget?.eps,
  );
  return {
    accuracy: model.accuracy.rate,
    logit_gap: medianGap(model.gaps),
    ...(worst && { robust_accuracy: worst.rate }),
  };
}

/**
 * Keeps a measurement with its whole record.
 * @param name of the record's file, which says what it is: `evaluation.json` or `attack.json`
 */
export async function keepMeasurement(
  { runs, terminal }: Session,
  record: EvaluationRecord,
  name: 'evaluation.json' | 'attack.json',
): Promise<void> {
  if (runs === undefined) return;
  const { program, command, startedAt, seconds, engine, configuration, seed } = record;
  const model = primaryModel(record);
  const { folder } = await keepRun(
    runs,
    {
      kind: name === 'attack.json' ? 'attack' : 'evaluate',
      program,
      command,
      startedAt,
      seconds,
      engine: { name: engine.name, instructionSet: engine.instructionSet },
      outcome: 'done',
      configuration: {
        ...configuration,
        seed,
        models: record.models.map((one) => one.name).join(' '),
        ...(model && { model: model.name, temperature: model.temperature }),
      },
      metrics: metricsOf(record),
      digests: {
        data: record.data.digest,
        ...Object.fromEntries(record.models.map((one) => [`model ${one.name}`, one.digest])),
      },
    },
    { files: { [name]: JSON.stringify(record) } },
  );
  terminal.note(noteOf(folder));
}

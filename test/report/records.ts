import { attackNamed, type LossName, planAttack } from '../../src/attacks/index.ts';
import { type EvaluationRecord, evaluate } from '../../src/evaluation/index.ts';
import { rescaled, smallNetwork } from '../attacks/models.ts';
import { datasetFor } from '../evaluation/datasets.ts';

const LOSSES: readonly LossName[] = ['softmax', 'margin'];

/** A record of a small model and of the same one with logits x 200: the student. */
export async function smallRecord(): Promise<EvaluationRecord> {
  const model = smallNetwork(25, 6, 4);
  const dataset = await datasetFor(model, 60);
  return evaluate(
    {
      models: [
        { classifier: { ...model, name: 'baseline' }, folder: 'models/baseline', digest: 'a' },
        {
          classifier: { ...rescaled(model, 200), name: 'student', temperature: 200 },
          folder: 'models/student',
          digest: 'b',
        },
      ],
      dataset,
      samples: 40,
      attacks: [
        ...[0.05, 0.2].flatMap((eps) =>
          LOSSES.map((loss) => ({
            plan: planAttack(attackNamed('fgsm'), { norm: 'Linf', eps, loss }),
          })),
        ),
        { plan: planAttack(attackNamed('deepfool'), { norm: 'L2' }) },
      ],
      seed: 1,
    },
    {
      program: 'distill test',
      command: ['evaluate', '--eps', '0.05', '0.2'],
      startedAt: new Date(0).toISOString(),
      configuration: { preset: null, samples: 40 },
      versions: { node: '20.0.0' },
      engine: { name: 'cpu', instructionSet: 'javascript', threads: 1 },
    },
  );
}

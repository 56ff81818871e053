import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attackNamed, type LossName, planAttack } from '../../src/attacks/index.ts';
import {
  type EvaluationPlan,
  evaluate,
  type Provenance,
  parseRecord,
  worstCase,
} from '../../src/evaluation/index.ts';
import { rescaled, smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';

const model = smallNetwork(25, 6, 4);
const cold = rescaled(model, 200);
const dataset = datasetFor(model, 60);
const provenance: Provenance = {
  program: 'distill test',
  command: ['evaluate'],
  startedAt: new Date(0).toISOString(),
  configuration: { preset: null },
  versions: { node: process.versions.node },
  engine: { name: 'cpu', instructionSet: 'javascript', threads: 1 },
};

function planOf(losses: readonly LossName[], eps = 0.1): EvaluationPlan {
  return {
    subjects: [
      { classifier: model, folder: 'models/model', digest: 'a' },
      { classifier: { ...cold, name: 'cold' }, folder: 'models/cold', digest: 'b' },
    ],
    dataset,
    samples: 40,
    attacks: losses.map((loss) => ({
      plan: planAttack(attackNamed('fgsm'), { norm: 'Linf', eps, loss }),
    })),
    seed: 1,
  };
}

test('a record survives its own schema and names what it measured', async () => {
  const record = await evaluate(planOf(['softmax', 'margin']), provenance);
  assert.deepEqual(parseRecord(JSON.stringify(record)), record);
  assert.equal(record.data.labels.length, 60);
  assert.equal(record.data.indices[0], 100);
  assert.deepEqual(
    record.attacks.map((attack) => `${attack.model} ${attack.loss} ${attack.success.length}`),
    ['small softmax 40', 'cold softmax 40', 'small margin 40', 'cold margin 40'],
  );
});

test('logits x 200 fool the softmax loss, not the margin, and the worst case shows it', async () => {
  const record = await evaluate(planOf(['softmax', 'margin']), provenance);
  const robust = (name: string, loss: string) =>
    record.attacks.find((attack) => attack.model === name && attack.loss === loss)?.robust.hits;
  assert.equal(robust('small', 'margin'), robust('cold', 'margin'));
  assert.ok((robust('cold', 'softmax') as number) > (robust('small', 'softmax') as number) + 5);
  const worst = record.summary.filter(({ figure }) => figure === 'robust accuracy (Linf 0.1)');
  assert.equal(worst[1].hits, Math.min(worst[1].hits, robust('cold', 'margin') as number));
  assert.equal(record.tests[0].p, 1);
});

test('another attack can only lower the worst case', async () => {
  const { models, attacks, data } = await evaluate(
    planOf(['softmax', 'dlr', 'margin']),
    provenance,
  );
  for (const model of models) {
    const own = attacks.filter((attack) => attack.model === model.name);
    const figures = own.map((_, i) => worstCase(model, own.slice(0, i + 1), data.labels).hits);
    assert.deepEqual(
      figures,
      [...figures].sort((a, b) => b - a),
    );
  }
});

test('a record of another schema or with a wrong field is refused by name', () => {
  assert.throws(() => parseRecord('{'), /no JSON/);
  assert.throws(() => parseRecord('{"schema":"distill-record/9"}'), /schema/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attackNamed, type LossName, planAttack } from '../../src/attacks/index.ts';
import {
  type EvaluationPlan,
  evaluate,
  type Provenance,
  parseRecord,
  targetRates,
  worstCase,
} from '../../src/evaluation/index.ts';
import { rescaled, smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';
import { provenance } from './provenance.ts';

const model = smallNetwork(25, 6, 4);
const cold = rescaled(model, 200);
const dataset = await datasetFor(model, 60);
const own: Provenance = {
  ...provenance,
  command: ['evaluate'],
  configuration: { preset: null },
  versions: { node: process.versions.node },
};

function planOf(losses: readonly LossName[], eps = 0.1): EvaluationPlan {
  return {
    models: [
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
  const record = await evaluate(planOf(['softmax', 'margin']), own);
  assert.deepEqual(parseRecord(JSON.stringify(record)), record);
  assert.equal(record.data.labels.length, 60);
  assert.equal(record.data.indices[0], 100);
  assert.deepEqual(
    record.attacks.map((attack) => `${attack.model} ${attack.loss} ${attack.success.length}`),
    ['small softmax 40', 'cold softmax 40', 'small margin 40', 'cold margin 40'],
  );
});

test('logits x 200 fool the softmax loss, not the margin, and the worst case shows it', async () => {
  const record = await evaluate(planOf(['softmax', 'margin']), own);
  const robust = (name: string, loss: string) =>
    record.attacks.find((attack) => attack.model === name && attack.loss === loss)?.robust.hits;
  assert.equal(robust('small', 'margin'), robust('cold', 'margin'));
  assert.ok((robust('cold', 'softmax') as number) > (robust('small', 'softmax') as number) + 5);
  const [, worst] = record.worstCases;
  assert.deepEqual([worst.model, worst.norm, worst.eps], ['cold', 'Linf', 0.1]);
  assert.ok(worst.hits <= (robust('cold', 'margin') as number));
  assert.deepEqual(
    record.tests.map(({ metric }) => metric),
    ['accuracy', 'robust accuracy (Linf 0.1)'],
  );
  assert.equal(record.tests[0].p, 1);
});

test('another attack of any kind, and a larger budget, can only lower the worst case', async () => {
  const attacks = [
    ...planOf(['softmax'], 0.1).attacks,
    { plan: planAttack(attackNamed('fgsm'), { norm: 'Linf', eps: 0.05, loss: 'margin' }) },
    { plan: planAttack(attackNamed('fgsm'), { norm: 'Linf', eps: 0.1 }), target: 2 },
    { plan: planAttack(attackNamed('fgsm'), { norm: 'Linf', eps: 0.1 }), target: 'every' as const },
    { plan: planAttack(attackNamed('pgd'), { norm: 'Linf', eps: 0.2 }) },
    { plan: planAttack(attackNamed('fmn'), { norm: 'Linf' }) },
  ];
  const record = await evaluate({ ...planOf([]), attacks }, own);
  for (const model of record.models) {
    const own = record.attacks.filter((attack) => attack.model === model.name);
    const standing = (count: number, eps: number) =>
      worstCase(model, own.slice(0, count), record.data.labels, { norm: 'Linf', eps });
    const metrics = own.map((_, i) => standing(i + 1, 0.1));
    assert.ok(metrics.every(({ total }) => total === 40));
    const hits = metrics.map((metric) => metric.hits);
    assert.deepEqual(
      hits,
      [...hits].sort((a, b) => b - a),
    );
    // The smallest perturbation brings down what no attack of the budget did.
    const fmn = own[own.length - 1];
    const within = fmn.success.filter((won, i) => won && fmn.distance[i] <= 0.1).length;
    assert.ok((hits.at(-1) as number) <= 40 - within);
    assert.ok((hits.at(-1) as number) < (hits[0] as number));
    assert.ok(standing(own.length, 0.2).hits <= (hits.at(-1) as number));
  }
});

test('targets are the rows that they say, and judged by image', async () => {
  const fgsm = planAttack(attackNamed('fgsm'), { norm: 'Linf', eps: 0.1 });
  const attacks = [
    { plan: fgsm, target: 3 },
    { plan: fgsm, target: 'every' as const },
  ];
  const { attacks: found, data } = await evaluate({ ...planOf([]), attacks }, own);
  const [one, , every] = found;
  assert.ok(one.positions.every((position) => data.labels[position] !== 3));
  assert.deepEqual([...new Set(one.targets)], [3]);
  assert.equal(every.positions.length, 40 * 5);
  every.positions.forEach((position, row) => {
    assert.notEqual(every.targets?.[row], data.labels[position]);
    assert.equal(every.success[row], every.predicted[row] === every.targets?.[row]);
  });
  assert.equal(every.robust.total, 40);
  const { best, average, worst } = targetRates(every);
  assert.ok(worst.rate <= average.rate && average.rate <= best.rate);
  assert.ok(average.low <= average.rate && average.rate <= average.high);
  // An attack toward every class that reached none left the image as it was classified.
  assert.equal(best.hits, 40 - every.robust.hits);
});

test('a model that was attacked more does not lose the paired test for it', async () => {
  const attacks = [
    ...planOf(['margin']).attacks,
    {
      plan: planAttack(attackNamed('transfer'), { norm: 'Linf', eps: 0.1 }),
      source: 'small',
    },
  ];
  const record = await evaluate({ ...planOf([]), attacks }, own);
  const { onlyFirst, onlySecond } = record.tests[1];
  assert.deepEqual([onlyFirst, onlySecond], [0, 0], 'logits x 200 change no margin attack');
  assert.ok(record.tests.every(({ p, holm }) => holm >= p));
});

test('a record may aim at every class or at one, and at nothing else', async () => {
  const attacks = [{ plan: planAttack(attackNamed('fgsm'), { eps: 0.1 }), target: 3 }];
  const record = await evaluate({ ...planOf([]), attacks }, own);
  const aimedAt = (target: unknown) =>
    JSON.stringify({ ...record, attacks: record.attacks.map((one) => ({ ...one, target })) });
  for (const target of ['every', 3]) {
    assert.equal(parseRecord(aimedAt(target)).attacks[0].target, target);
  }
  for (const target of [0, null]) {
    assert.throws(() => parseRecord(aimedAt(target)), { message: /targets for another goal/ });
  }
  for (const target of ['all', '', -1, 0.5]) {
    assert.throws(() => parseRecord(aimedAt(target)), { code: 'bad-record', message: /target/ });
  }
});

test('a record of another schema or with a wrong field is refused by name', () => {
  assert.throws(() => parseRecord('{'), /no JSON/);
  assert.throws(() => parseRecord('{"schema":"distill-record/9"}'), /schema/);
});

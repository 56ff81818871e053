import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attackNamed, planAttack } from '../../src/attacks/index.ts';
import { batchSizeFor } from '../../src/evaluation/accuracy.ts';
import { attackDataset } from '../../src/evaluation/index.ts';
import { smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';

const classifier = smallNetwork(16, 5, 6);
const dataset = await datasetFor(classifier, 130);
const positions = Array.from({ length: 130 }, (_, i) => i);

test('batches of 1, 7 and 128 give the same outcomes, to the last bit', async () => {
  for (const name of ['pgd', 'apgd', 'square']) {
    const options: Record<string, number> = name === 'square' ? { queries: 50 } : { steps: 10 };
    const plan = planAttack(attackNamed(name), { eps: 0.05, options });
    const runs = [];
    for (const batchSize of [1, 7, 128]) {
      const run = await attackDataset({ plan, classifier, dataset, positions, seed: 4, batchSize });
      runs.push({ ...run, seconds: 0 });
    }
    assert.deepEqual(runs[1], runs[0], name);
    assert.deepEqual(runs[2], runs[0], name);
  }
});

test('attacks as many images at once as take little memory, unless told otherwise', async () => {
  const plan = planAttack(attackNamed('fgsm'), { eps: 0.05 });
  const many = await datasetFor(classifier, 520);
  const all = Array.from({ length: 520 }, (_, i) => i);
  const sizesWith = async (choice: { batchSize?: number }) => {
    const sizes: number[] = [];
    const onBatch = (_: Float32Array, batch: readonly number[]) => sizes.push(batch.length);
    const job = { plan, classifier, dataset: many, positions: all, seed: 4, onBatch };
    await attackDataset({ ...job, ...choice });
    return sizes;
  };
  assert.deepEqual(await sizesWith({}), [256, 256, 8]);
  assert.deepEqual(await sizesWith({ batchSize: 300 }), [300, 220]);
  const sizes = [28 * 28, 32 * 32 * 3, 224 * 224 * 3, 1e7].map(batchSizeFor);
  assert.deepEqual(sizes, [256, 170, 3, 1]);
});

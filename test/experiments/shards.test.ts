import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { attackNamed, planAttack } from '../../src/attacks/index.ts';
import { type Dataset, loadTestData } from '../../src/data/index.ts';
import { attackDataset } from '../../src/evaluation/index.ts';
import { ShardPool, shardProcesses, sharesOf } from '../../src/experiments/shards.ts';
import { startEngine } from '../../src/library/index.ts';
import { type Classifier, loadModel } from '../../src/models/index.ts';
import { saveBandModel } from '../e2e/band-models.ts';
import { writeTinyData } from './tiny-data.ts';

let home = '';
let dataset: Dataset;
let classifier: Classifier;
const start = { engine: 'cpu', threads: 1, draws: 1, bpda: [] } as const;
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'distill-shards-'));
  const folder = join(home, 'bands');
  await saveBandModel(folder, false);
  await startEngine('cpu');
  dataset = (await loadTestData(await writeTinyData(home))).test;
  classifier = (await loadModel(folder)).model.classifier('bands');
});
after(() => rm(home, { recursive: true }));

describe('shares of rows', () => {
  it('are all rows in order, each once, for any number of processes', () => {
    for (const rows of [1, 7, 24, 500, 9999]) {
      for (const workers of [1, 2, 5, 64]) {
        const shares = sharesOf(rows, workers);
        const all = shares.flatMap(([from, to]) =>
          Array.from({ length: to - from }, (_, i) => from + i),
        );
        assert.deepEqual(
          all,
          Array.from({ length: rows }, (_, i) => i),
        );
      }
    }
  });
});

describe('an attack shared out among processes', () => {
  const positions = Array.from({ length: 24 }, (_, i) => i);
  for (const [name, targets] of [
    ['pgd', undefined],
    ['square', undefined],
    ['pgd', positions.map((i) => i % 3)],
  ] as const) {
    it(`does what one process does: ${name}${targets ? ' at classes' : ''}`, async () => {
      const plan = planAttack(attackNamed(name), {
        norm: 'Linf',
        eps: 0.15,
        options: name === 'square' ? { queries: 20 } : { steps: 10 },
      });
      const levels = name === 'square' ? undefined : 64;
      const job = {
        ...{ plan, classifier, dataset, positions, seed: 3 },
        ...(targets && { targets }),
        ...(levels && { levels }),
      };
      const images = (parts: Float32Array[]) => parts.flatMap((part) => [...part]);
      const expectedParts: Float32Array[] = [];
      const { seconds: _, ...expected } = await attackDataset({
        ...job,
        onBatch: (part) => expectedParts.push(part),
      });
      const models = { bands: join(home, 'bands') };
      const processes = shardProcesses({ ...start, data: join(home, 'bands.npz'), models }, 2);
      const pool = new ShardPool(processes, ['bands'], 2);
      try {
        const parts: Float32Array[] = [];
        const { seconds: __, ...found } = await pool.attackRows({
          ...job,
          onBatch: (part) => parts.push(part),
        });
        assert.deepEqual(found, expected);
        assert.deepEqual(images(parts), images(expectedParts));
      } finally {
        await pool.close();
      }
    });
  }

  it('of a model that processes cannot load is done here', async () => {
    const plan = planAttack(attackNamed('fgsm'), { norm: 'Linf', eps: 0.1 });
    const pool = new ShardPool(shardProcesses({ ...start, data: 'none', models: {} }, 2), [], 2);
    const { predicted } = await pool.attackRows({ plan, classifier, dataset, positions, seed: 1 });
    assert.equal(predicted.length, 24);
    await pool.close();
  });
});

/** The library and the command line are two ways to the same record. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { writeBands } from '../../scripts/pack/use.mjs';
import {
  attackNamed,
  DEFAULTS,
  type EvaluationRecord,
  evaluate,
  loadData,
  parseRecord,
  planAttack,
  startEngine,
  train,
} from '../../src/index.ts';
import { saveBandModel } from './band-models.ts';
import { distill } from './distill.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distill-library-'));
});
after(() => rm(folder, { recursive: true }));

/** A record without what differs from run to run. */
const lasting = ({ command, startedAt, seconds, attacks, ...rest }: EvaluationRecord) => ({
  ...rest,
  attacks: attacks.map(({ seconds: _, ...attack }) => attack),
});

it('the same evaluation by library and by command line gives the same record', async () => {
  await startEngine('auto', 1);
  const data = await loadData('mnist', 550);
  const settings = { epochs: 2, temperature: 1 };
  const out = join(folder, 'models', 'baseline');
  const card = await train({ data, out, settings });
  const size = ['--train-size', '550', '--epochs', '2', '--threads', '1', '--quiet'];
  const trained = await distill(folder, [
    'train-teacher',
    ...[...size, '--temperature', '1', '--out', 'own', '--json'],
  ]);
  assert.equal(JSON.parse(trained.stdout).digest, card.digest, 'the same weights');

  const gate = 'baseline: accuracy >= 0.2';
  const run = await distill(folder, [
    ...['evaluate', '--model', out, '--eps', '0.1', '--samples', '20', '--gate', gate],
    ...['--attacks', 'fgsm', 'surrogate', '--set', 'trainingSteps=3', 'queries=5'],
    ...['--threads', '1', '--quiet'],
  ]);
  assert.equal(run.code, 0, run.stderr);
  const file = join(folder, 'report', 'evaluate', 'evaluation.json');
  const byCommand = parseRecord(await readFile(file, 'utf8'));
  const byLibrary = await evaluate({
    models: [out],
    data: { ...(await loadData('mnist')), source: 'mnist' },
    attacks: [
      planAttack(attackNamed('fgsm'), { eps: 0.1 }),
      planAttack(attackNamed('surrogate'), {
        eps: 0.1,
        options: { trainingSteps: 3, queries: 5 },
      }),
    ],
    samples: 20,
    gates: [gate],
    seed: DEFAULTS.seed,
  });
  assert.deepEqual(lasting(byLibrary), lasting(byCommand));
});

it('so does a preset: follow-ups where a verdict is open, and attacks that failed', async () => {
  await startEngine('auto', 1);
  writeBands(join(folder, 'bands'));
  const model = join(folder, 'models', 'brittle');
  await saveBandModel(model, true);
  const run = await distill(folder, [
    ...['evaluate', '--model', model, '--data', join(folder, 'bands'), '--preset', 'standard'],
    ...['--eps', '0.05', '--samples', '2', '--threads', '1', '--out', 'standard', '--quiet'],
  ]);
  assert.equal(run.code, 3, run.stderr);
  const file = join(folder, 'standard', 'evaluation.json');
  const byCommand = parseRecord(await readFile(file, 'utf8'));
  const source = join(folder, 'bands');
  const byLibrary = await evaluate({
    models: [model],
    data: { ...(await loadData(source)), source },
    preset: 'standard',
    eps: [0.05],
    samples: 2,
  });
  const followUps = byLibrary.attacks.filter(({ isFollowUp }) => isFollowUp);
  assert.deepEqual(
    followUps.map(({ attack, options }) => [attack, options.queries]),
    [['square', 5000]],
  );
  assert.ok(byLibrary.failures?.some(({ attack }) => attack === 'pgd Linf 0.5 margin'));
  assert.deepEqual(lasting(byLibrary), lasting(byCommand));
});

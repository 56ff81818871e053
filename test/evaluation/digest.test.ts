/** Two evaluations are the same when they measure the same, whatever else they were given. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  evaluate,
  evaluationDigest,
  namedAttacks,
  PartialEvaluation,
  type PlanOutline,
  parseGate,
} from '../../src/evaluation/index.ts';
import { smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';
import { provenance } from './provenance.ts';

const classifier = smallNetwork(16, 5, 2);
const dataset = await datasetFor(classifier, 30);
const model = { classifier, folder: 'models/small', digest: 'small' };
const scope = { norm: 'Linf' as const, budgets: [8 / 255], source: 'small' };
const attacks = namedAttacks({ names: ['pgd'] }, scope);
const plan = { models: [model], dataset, samples: 30, attacks, seed: 5 };

const pgd = (choice: object, own: object = {}) => ({
  attacks: namedAttacks({ names: ['pgd'], ...choice }, { ...scope, ...own }),
});

test('whatever changes a measurement changes the digest', () => {
  const others: Record<string, Partial<PlanOutline>> = {
    samples: { samples: 29 },
    seed: { seed: 6 },
    images: { dataset: { ...dataset, digest: 'other' } },
    'their indices': { dataset: { ...dataset, indices: dataset.indices.map((i) => i + 1) } },
    weights: { models: [{ ...model, digest: 'other' }] },
    'a name': { models: [{ ...model, classifier: { ...classifier, name: 'other' } }] },
    'another model': { models: [model, { ...model, classifier: { name: 'other' } }] },
    'no attacks': { attacks: [] },
    'another attack': { attacks: namedAttacks({ names: ['bim'] }, scope) },
    'a loss': pgd({ losses: ['dlr'] }),
    'an option': pgd({ settings: [{ option: 'steps', values: [41] }] }),
    'a target': pgd({ target: 3 }),
    'every target': pgd({ target: 'every' }),
    norm: pgd({}, { norm: 'L2' }),
    'a budget that is written alike': pgd({}, { budgets: [0.03137] }),
    source: { attacks: attacks.map((one) => ({ ...one, source: 'other' })) },
    'saved examples': { examplesFolder: 'examples' },
  };
  const digests = Object.entries(others).map(([what, changes]) => {
    const digest = evaluationDigest({ ...plan, ...changes });
    assert.notEqual(digest, evaluationDigest(plan), what);
    return digest;
  });
  assert.equal(new Set(digests).size, digests.length);
});

test('what a plan may be given later is part of the digest', () => {
  const later = { ...plan, draws: 8 };
  assert.notEqual(evaluationDigest(later), evaluationDigest(plan));
});

test('what watches, keeps or judges the measurements is not part of it', () => {
  const watched = {
    ...plan,
    onProgress: () => {},
    onCandidates: () => {},
    partial: PartialEvaluation.start('partial.json', 'digest'),
    gates: [parseGate('accuracy >= 0.9')],
    gateOn: 'interval' as const,
  };
  assert.equal(evaluationDigest(watched), evaluationDigest(plan));
  const loaded: PlanOutline = {
    ...plan,
    models: [{ classifier: { name: 'small' }, digest: 'small' }],
  };
  assert.equal(evaluationDigest(loaded), evaluationDigest(plan), 'weights need not be loaded');
});

const folder = mkdtempSync(join(tmpdir(), 'distill-digest-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a record holds the digest, and an interrupted evaluation resumes with its own settings only', async () => {
  const path = join(folder, 'partial.json');
  const partial = PartialEvaluation.start(path, evaluationDigest(plan));
  const { configuration } = await evaluate({ ...plan, partial }, provenance);
  assert.equal(configuration.inputsDigest, evaluationDigest(plan));
  for (const changes of [{ seed: 6 }, { samples: 29 }, pgd({}, { budgets: [0.03137] })]) {
    const digest = evaluationDigest({ ...plan, ...changes });
    await assert.rejects(PartialEvaluation.resume(path, digest), { code: 'foreign-state' });
  }
  await PartialEvaluation.resume(path, evaluationDigest(plan));
});

test('two budgets with one name are measured apart when an evaluation is resumed', async () => {
  const both = pgd({}, { budgets: [8 / 255, 0.03137] });
  const path = join(folder, 'both.json');
  const partial = PartialEvaluation.start(path, 'digest');
  const record = await evaluate({ ...plan, ...both, partial }, provenance);
  assert.deepEqual(
    record.attacks.map(({ eps }) => eps),
    [8 / 255, 0.03137],
  );
});

test('clean images pass through a model once for everything that its logits say', async () => {
  let images = 0;
  const counted = {
    ...classifier,
    logits: (batch: Parameters<typeof classifier.logits>[0]) => {
      images += batch.shape[0];
      return classifier.logits(batch);
    },
  };
  const models = [{ ...model, classifier: counted }];
  await evaluate({ ...plan, models, samples: 10, attacks: [] }, provenance);
  // All 30 once; of the 10 attacked: again for stability, a probe, five losses, one exact direction.
  assert.equal(images, 30 + 10 * (1 + 1 + 5 + 1));
});

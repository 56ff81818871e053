/** Follow-up attacks are run where the verdict stays open, and nowhere else. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { attackNamed, planAttack } from '../../src/attacks/index.ts';
import {
  type EvaluationPlan,
  evaluate,
  evaluationDigest,
  PartialEvaluation,
  parseRecord,
} from '../../src/evaluation/index.ts';
import { missingParts } from '../../src/report/missing.ts';
import { smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';
import { provenance } from './provenance.ts';

const model = smallNetwork(25, 6, 4);
const dataset = await datasetFor(model, 40);
const attackAt = (name: string, eps: number) => ({
  plan: planAttack(attackNamed(name), { norm: 'Linf', eps }),
});

/** At 0.4 the model is broken; at 0.01 no attack here is enough for a bound. */
const plan: EvaluationPlan = {
  models: [{ classifier: model, folder: 'models/model', digest: 'a' }],
  dataset,
  samples: 40,
  attacks: [attackAt('pgd', 0.01), attackAt('pgd', 0.4)],
  followUps: [attackAt('bim', 0.01), attackAt('bim', 0.4), attackAt('bim', 0.02)],
  seed: 3,
};

test('follow-ups are run at the budgets whose verdict is open, and marked', async () => {
  const progress: [number, number][] = [];
  const onProgress = (_: string, done: number, total: number) => progress.push([done, total]);
  const record = await evaluate({ ...plan, onProgress }, provenance);
  assert.deepEqual(
    record.attacks.map(({ attack, eps, isFollowUp }) => [attack, eps, isFollowUp]),
    [
      ['pgd', 0.01, undefined],
      ['pgd', 0.4, undefined],
      ['bim', 0.01, true],
    ],
  );
  assert.deepEqual(
    record.verdicts.map(({ eps, ruling }) => [eps, ruling]),
    [
      [0.01, 'open'],
      [0.4, 'broken'],
    ],
  );
  const [done, total] = progress.at(-1) ?? [];
  assert.equal(done, total);
  assert.deepEqual(parseRecord(JSON.stringify(record)), record);
});

test('the worst case counts them, and the report does not miss them on other models', async () => {
  const two = { classifier: { ...model, name: 'other' }, folder: 'models/other', digest: 'b' };
  const both = { ...plan, models: [...plan.models, two] };
  const record = await evaluate(both, provenance);
  const only = {
    ...record,
    attacks: record.attacks.filter((one) => one.model !== 'other' || !one.isFollowUp),
  };
  const missing = missingParts({ record: only, cards: new Map() } as never);
  assert.ok(!missing.some((text) => text.includes('was attacked with')), missing.join('\n'));
  const reach = record.worstCases.find(({ model: name, eps }) => name === 'small' && eps === 0.01);
  const broken = record.attacks.filter((one) => one.model === 'small' && one.eps === 0.01);
  const left = broken[0].success.filter((_, i) => broken.every(({ success }) => !success[i]));
  assert.equal(reach?.hits, left.length);
});

test('they are part of the digest, and a resumed evaluation does not repeat them', async () => {
  const { followUps, ...without } = plan;
  assert.notEqual(evaluationDigest(plan), evaluationDigest(without));
  assert.notEqual(
    evaluationDigest(plan),
    evaluationDigest({ ...plan, followUps: followUps?.slice(1) ?? [] }),
  );
  const path = join(mkdtempSync(join(tmpdir(), 'distill-follow-ups-')), 'partial.json');
  const first = await evaluate(
    { ...plan, partial: PartialEvaluation.start(path, 'same') },
    provenance,
  );
  let passes = 0;
  const counted = {
    ...model,
    logits: (images: Parameters<typeof model.logits>[0]) => {
      passes += images.shape[0];
      return model.logits(images);
    },
  };
  const again = await evaluate(
    {
      ...plan,
      models: [{ ...plan.models[0], classifier: counted }],
      partial: await PartialEvaluation.resume(path, 'same'),
    },
    provenance,
  );
  assert.deepEqual({ ...again, seconds: 0 }, { ...first, seconds: 0 });
  const oneAttack = first.attacks[2].forwards;
  assert.ok(passes > 0 && passes < oneAttack + 40 * 40, 'clean images and probes only');
});

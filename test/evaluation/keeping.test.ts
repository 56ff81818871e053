/** What evaluations leave on disk: the state of an interrupted one, and adversarial examples. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { unzipSync, zipSync } from 'fflate';
import {
  type EvaluationPlan,
  evaluate,
  namedAttacks,
  PartialEvaluation,
} from '../../src/evaluation/index.ts';
import { probePasses } from '../../src/evaluation/progress-estimator.ts';
import { unverifiedRows } from '../../src/evaluation/saved-examples.ts';
import type { Classifier, Logits } from '../../src/models/index.ts';
import { decodeNpy, encodeNpy } from '../../src/storage/index.ts';
import { smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';
import { provenance } from './provenance.ts';

const folder = mkdtempSync(join(tmpdir(), 'distill-keeping-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const classifier = smallNetwork(16, 5, 2);
const plan: EvaluationPlan = {
  models: [{ classifier, folder: 'models/small', digest: 'small' }],
  dataset: await datasetFor(classifier, 30),
  samples: 30,
  attacks: namedAttacks(
    { names: ['fgsm', 'pgd', 'noise'] },
    {
      norm: 'Linf',
      budgets: [0.1],
      source: 'small',
    },
  ),
  seed: 5,
};
const timeless = (attacks: readonly { seconds: number }[]) =>
  attacks.map((attack) => ({ ...attack, seconds: 0 }));

test('an evaluation that was stopped goes on and ends with the same results', async () => {
  const path = join(folder, 'partial.json');
  const whole = await evaluate(plan, provenance);
  const stopped = PartialEvaluation.start(path, 'digest');
  const first = { ...plan, attacks: plan.attacks.slice(0, 2), partial: stopped };
  await evaluate(first, provenance);
  const partial = await PartialEvaluation.resume(path, 'digest');
  const visited: string[] = [];
  const onProgress = (what: string) => visited.push(what);
  const resumed = await evaluate({ ...plan, partial, onProgress }, provenance);
  const text = ({ attacks }: typeof whole) => JSON.stringify(timeless(attacks));
  assert.equal(text(resumed), text(whole), 'to the byte');
  assert.ok(!visited.some((what) => what.includes('pgd')), 'what was done is not done again');
  assert.ok(visited.some((what) => what.includes('noise')));
  await partial.finish();
  assert.deepEqual(readdirSync(folder), []);
});

test('the state of another evaluation is refused, whatever is wrong with it', async () => {
  const path = join(folder, 'foreign.json');
  await evaluate({ ...plan, partial: PartialEvaluation.start(path, 'theirs') }, provenance);
  await assert.rejects(PartialEvaluation.resume(path, 'ours'), /other models, data or settings/);
  for (const [text, problem] of [
    ['{', /no state of an evaluation/],
    ['null', /no state of an evaluation/],
    ['{"schema": "distill-partial-evaluation/1", "digest": "ours", "done": []}', /no state of an/],
  ] as const) {
    writeFileSync(path, text);
    await assert.rejects(PartialEvaluation.resume(path, 'ours'), {
      code: 'foreign-state',
      message: problem,
    });
  }
  const none = await PartialEvaluation.resume(join(folder, 'none.json'), 'ours');
  assert.equal(none.get('a'), undefined);
});

test('outcomes that were changed in the state are not believed', async () => {
  const path = join(folder, 'changed.json');
  await evaluate({ ...plan, partial: PartialEvaluation.start(path, 'ours') }, provenance);
  const text = readFileSync(path, 'utf8');
  await PartialEvaluation.resume(path, 'ours');
  const [before, after] = text.includes('"success":[true') ? ['true', 'false'] : ['false', 'true'];
  writeFileSync(path, text.replace(`"success":[${before}`, `"success":[${after}`));
  await assert.rejects(PartialEvaluation.resume(path, 'ours'), /not those that were saved/);
});

test('saved examples are judged again, and tampering shows', async () => {
  const examplesFolder = join(folder, 'examples');
  const { attacks, flags } = await evaluate({ ...plan, examplesFolder }, provenance);
  assert.deepEqual(
    attacks.map(({ unverified }) => unverified),
    [0, 0, 0],
  );
  assert.deepEqual(flags, []);
  const path = join(examplesFolder, 'small-pgd-Linf-0.1-margin.npz');
  const files = unzipSync(readFileSync(path));
  const { values, shape } = decodeNpy(files['images.npy']);
  assert.deepEqual(shape, [30, 1, 16, 1]);
  // Put back the clean image of an example that had fallen.
  const [pgd] = attacks.filter(({ attack }) => attack === 'pgd');
  const fallen = pgd.success.indexOf(true);
  assert.ok(fallen >= 0);
  const { images } = plan.dataset;
  for (let p = 0; p < 16; p++) values[fallen * 16 + p] = images[fallen * 16 + p] / 255;
  writeFileSync(path, zipSync({ ...files, 'images.npy': encodeNpy(values, shape) }));
  assert.deepEqual([...(await unverifiedRows(path, classifier, pgd))], [fallen]);
});

test('what a saved example does not do again is not counted', async () => {
  const examplesFolder = join(folder, 'moody');
  const saved = join(examplesFolder, 'small-fgsm-Linf-0.1-margin.npz');
  // Changes its mind about everything once the examples are on the disk.
  const moody: Classifier = {
    ...classifier,
    logits: (images) =>
      (existsSync(saved) ? tf.neg(classifier.logits(images)) : classifier.logits(images)) as Logits,
  };
  const models = [{ classifier: moody, folder: 'models/small', digest: 'small' }];
  const [attack] = plan.attacks;
  const steady = await evaluate({ ...plan, attacks: [attack] }, provenance);
  assert.ok(steady.attacks[0].success.some(Boolean));
  const { attacks, flags } = await evaluate(
    { ...plan, models, attacks: [attack], examplesFolder },
    provenance,
  );
  assert.equal(attacks[0].unverified, plan.dataset.count);
  assert.ok(attacks[0].success.every((won) => !won));
  assert.equal(attacks[0].robust.rate, 1);
  assert.ok(flags.some(({ code }) => code === 'unverified-examples'));
});

test('progress moves within a batch, goes forward only once measured, and changes nothing', async () => {
  const told: { what: string; done: number; total: number }[] = [];
  const onProgress = (what: string, done: number, total: number) =>
    told.push({ what, done, total });
  const watched = await evaluate({ ...plan, onProgress }, provenance);
  const alone = await evaluate(plan, provenance);
  assert.deepEqual(timeless(watched.attacks), timeless(alone.attacks));
  const pgd = told.filter(({ what }) => what.includes('pgd'));
  assert.ok(pgd.length > 10, `told ${pgd.length} times of one batch`);
  for (let i = 1; i < told.length; i++) assert.ok(told[i].done >= told[i - 1].done);
  for (const { done, total } of told) assert.ok(done <= total);
  const last = told[told.length - 1];
  assert.equal(last.done, last.total);
  // fgsm and pgd take a gradient with every pass.
  const passes = watched.attacks.reduce(
    (sum, { attack, forwards }) => sum + (attack === 'noise' ? 1 : 2) * forwards,
    0,
  );
  assert.equal(last.done, plan.dataset.count + probePasses(plan.samples) + passes);
});

/** An attack that ends with an error costs the others nothing, is named, and leaves no bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { attackNamed, planAttack } from '../../src/attacks/index.ts';
import {
  type EvaluationPlan,
  evaluate,
  joinRecords,
  parseRecord,
  requireAttacks,
} from '../../src/evaluation/index.ts';
import type { Classifier, Logits } from '../../src/models/index.ts';
import { missingParts } from '../../src/report/missing.ts';
import { smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';
import { provenance } from './provenance.ts';

const model = smallNetwork(25, 6, 4);
const dataset = await datasetFor(model, 20);
/** Gives no finite logits where a pixel is brighter than every pixel of the data. */
const brittle: Classifier = {
  ...model,
  name: 'brittle',
  logits: (images) =>
    tf.tidy(() => {
      const isTooBright = tf.step(tf.sub(tf.max(images, [1, 2, 3]), 0.98));
      const poison = tf.log(tf.sub(1, tf.expandDims(isTooBright, 1)));
      return tf.add(model.logits(images), poison) as Logits;
    }),
};
const plan: EvaluationPlan = {
  models: [model, brittle].map((classifier) => ({
    classifier,
    folder: `models/${classifier.name}`,
    digest: classifier.name,
  })),
  dataset,
  samples: 20,
  attacks: [
    { plan: planAttack(attackNamed('fgsm'), { norm: 'Linf', eps: 0.01 }) },
    { plan: planAttack(attackNamed('pgd'), { norm: 'Linf', eps: 0.3 }) },
    { plan: planAttack(attackNamed('bim'), { norm: 'Linf', eps: 0.02 }) },
  ],
  seed: 3,
};

test('the others keep their results, and the failure is named', async () => {
  let progress = [0, 1];
  const onProgress = (_: string, ...now: [number, number]) => {
    progress = now;
  };
  const record = await evaluate({ ...plan, onProgress }, provenance);
  assert.equal(progress[0], progress[1], 'all that is left is done');
  assert.equal(record.failures?.length, 1);
  assert.deepEqual(
    record.attacks.map((one) => `${one.attack} ${one.model}`),
    ['fgsm small', 'fgsm brittle', 'pgd small', 'bim small', 'bim brittle'],
  );
  const [failure] = record.failures ?? [];
  assert.equal(failure.model, 'brittle');
  assert.match(failure.attack, /^pgd/);
  assert.match(failure.message, /not finite/);
  const flags = record.flags.filter(({ code }) => code === 'failed-attack');
  assert.deepEqual(
    flags.map(({ model: name, severity, value }) => [name, severity, value]),
    [['brittle', 'serious', 1]],
  );
  const evidence = record.verdicts
    .filter((verdict) => verdict.model === 'brittle')
    .flatMap((verdict) => verdict.evidence.filter(({ code }) => code === 'integrity'));
  assert.ok(evidence.length > 0 && evidence.every(({ met }) => !met));
  assert.deepEqual(parseRecord(JSON.stringify(record)), record);
  assert.throws(() => requireAttacks(record), {
    code: 'failed-attack',
    exitCode: 3,
    message: /pgd.* on brittle: .*not finite/,
  });
  assert.doesNotThrow(() => requireAttacks({ ...record, failures: undefined }));
});

test('the report names it, and takes no attack for interrupted', async () => {
  const record = await evaluate(plan, provenance);
  const missing = (one: typeof record) =>
    missingParts({ record: one, cards: new Map() } as never).filter((text) =>
      /pgd|was attacked/.test(text),
    );
  const [sentence, ...others] = missing(record);
  assert.match(sentence, /^The attack pgd.* on brittle ended with an error: .*not finite/);
  assert.deepEqual(others, []);
  assert.match(
    missing({ ...record, failures: [] })[0],
    /^brittle was attacked with 2 of 3 attacks/,
  );
});

test('a record in which the attack succeeded takes its failure away', async () => {
  const failed = await evaluate(plan, provenance);
  assert.equal(joinRecords([failed, failed]).failures?.length, 2);
  const pgd = failed.attacks.find(({ attack }) => attack === 'pgd');
  assert.ok(pgd);
  const mended = { ...failed, attacks: [{ ...pgd, model: 'brittle' }], failures: undefined };
  assert.equal(joinRecords([failed, mended]).failures, undefined);
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ATTACKS } from '../../src/attacks/index.ts';
import type { ModelCard } from '../../src/models/index.ts';
import { attackerOf } from '../../src/report/card/threat-terms.ts';
import { cardMarkdown, modelCard } from '../../src/report/index.ts';
import { handmade } from './handmade.ts';

const record = handmade;
const [base] = record.models;
const folderCard: ModelCard = {
  schema: 'distill-model/1',
  program: 'distill 0.1.0',
  role: 'baseline',
  network: {
    architecture: 'tiny',
    inputShape: [2, 2, 1],
    classes: 2,
    layers: [
      { kind: 'flatten', name: 'flatten' },
      { kind: 'dense', name: 'logits', units: 2, bias: true, activation: 'linear' },
    ],
  },
  temperature: 1,
  digest: base.digest,
  inputsDigest: 'x'.repeat(64),
  data: { source: 'mnist', trainSize: 100, digest: 'd' },
  settings: { epochs: 3 },
  engine: { name: 'wasm', instructionSet: 'portable' },
  history: [
    { epoch: 1, loss: 1, trainAccuracy: 0.5, validationAccuracy: 0.75, learningRate: 0.001 },
  ],
};

describe('the model card', () => {
  const card = modelCard('base', folderCard, [record]);
  const text = cardMarkdown(card);

  it('says what was measured of this model, with intervals', () => {
    assert.equal(card.model.parameters, 10);
    assert.equal(card.evaluations.length, 1);
    const own = record.attacks.filter(({ model }) => model === base.name);
    assert.equal(card.evaluations[0].attacks.length, own.length);
    const { low, high } = base.accuracy;
    const shares = [low, high].map((share) => `${(100 * share).toFixed(2)} %`);
    assert.ok(text.includes(`| accuracy | `) && text.includes(shares.join(' to ')), text);
    assert.match(text, /\| validation accuracy \| 75.00 % \|/);
  });

  it('names attackers in the terms of NIST and ATLAS, and what was not tested', () => {
    for (const { name } of ATTACKS) assert.ok(attackerOf(name), name);
    assert.match(text, /white-box \| testing data control \| AML.T0044 Full AI Model Access/);
    assert.ok(card.notTested.some((one) => one.startsWith('poisoning')));
    const none = modelCard('base', { ...folderCard, digest: 'another' }, [record]);
    assert.deepEqual([none.evaluations, none.threatModel], [[], []]);
    assert.ok(none.notTested.includes('perturbations in Linf, L2, L1, L0'));
    assert.ok(none.notTested.includes('targeted attacks'));
  });

  it('names the classes where the data do', () => {
    assert.match(text, /\| classes \| 2 \|/);
    const data = { ...record.data, classNames: ['cat', 'a|b'] };
    const named = modelCard('base', folderCard, [record, { ...record, data }]);
    assert.deepEqual(named.model.classNames, ['cat', 'a|b']);
    assert.ok(cardMarkdown(named).includes('| classes | 2: cat, a\\|b |'));
  });

  it('names the attacks of this model that failed', () => {
    assert.doesNotMatch(text, /Attacks that ended with an error/);
    const failure = { model: base.name, attack: 'pgd Linf 0.5', message: 'no logits' };
    const failures = [failure, { ...failure, model: 'another' }];
    const failed = modelCard('base', folderCard, [{ ...record, failures }]);
    assert.deepEqual(failed.evaluations[0].failures, [
      { attack: 'pgd Linf 0.5', message: 'no logits' },
    ]);
    assert.match(
      cardMarkdown(failed),
      /#### Attacks that ended with an error\n\n- pgd Linf 0\.5: no logits\n/,
    );
  });

  it('is evidence, and never a certificate', () => {
    assert.match(text, /This card is evidence for the measurements it lists/);
    assert.doesNotMatch(text, /complian|certif|guarantee|safe\b/i);
  });
});

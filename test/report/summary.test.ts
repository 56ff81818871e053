/** The sentences of a summary, and the facts that they rest on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AttackRecord, type EvaluationRecord, rateOf } from '../../src/evaluation/index.ts';
import {
  accuracyOnAttacked,
  lacksGradient,
  mainBudget,
  primaryModel,
  zeroGradientShare,
} from '../../src/report/record-facts.ts';
import { summarize } from '../../src/report/summary.ts';
import { handmade } from './handmade.ts';

const [base, hard] = handmade.models;
const isNaive = ({ attack }: AttackRecord) => attack === 'fgsm';

describe('the summary', () => {
  it('says that an attack without gradient is no evidence', () => {
    const [, misleading, worst] = summarize(handmade);
    assert.match(misleading, /^Under fgsm softmax \(Linf eps 0\.3\) it seems to keep 87\.50 %/);
    assert.match(misleading, /exactly zero on 75\.00 % of the images/);
    assert.match(worst, /the strongest is pgd margin steps=100\) it keeps at most 0\.00 %/);
  });

  it('does not say that a model seems to keep what it lost', () => {
    const attacks = handmade.attacks.map((attack) =>
      isNaive(attack) ? { ...attack, robust: rateOf(0, 8) } : attack,
    );
    const sentences = summarize({ ...handmade, attacks });
    assert.equal(sentences.length, 2);
    assert.doesNotMatch(sentences.join(), /seems to keep/);
    assert.match(sentences[1], /^In the worst case .* the strongest is pgd margin/);
  });

  it('does not call a model robust that no attack with a gradient was run on', () => {
    const attacks = handmade.attacks.filter(isNaive);
    const worstCases = handmade.worstCases.map((one) => ({ ...one, ...rateOf(7, 8) }));
    const sentences = summarize({ ...handmade, attacks, worstCases });
    assert.equal(sentences.length, 2);
    assert.match(
      sentences[1],
      /^Under attack \(Linf eps 0\.3\) it keeps at most 87\.50 % .* but no attack at this budget is evidence/,
    );
  });

  it('says of a broken model that it is, whatever attacks broke it', () => {
    const broken = handmade.verdicts.map((one) => ({ ...one, ruling: 'broken' as const }));
    for (const attacks of [handmade.attacks, handmade.attacks.filter(isNaive)]) {
      const sentences = summarize({ ...handmade, verdicts: broken, attacks });
      assert.match(sentences[2], /it keeps at most 0\.00 % .*: it is broken at this budget;/);
    }
  });

  it('says when nothing was attacked, compared or evaluated', () => {
    const alone: EvaluationRecord = { ...handmade, models: [hard], attacks: [], tests: [] };
    assert.deepEqual(summarize(alone), [
      'On 8 test images the accuracy of the hard is 87.50 % (52.91 to 97.76).',
      'It was not attacked, so this record says nothing about its robustness.',
    ]);
    assert.deepEqual(summarize({ ...alone, models: [] }), ['This record holds no model.']);
    const untested = summarize({ ...handmade, tests: [] });
    assert.doesNotMatch(untested.join(), /McNemar/);
  });
});

describe('the facts of a record', () => {
  it('take the last distilled model as the primary one, else the last', () => {
    const model = (name: string, temperature: number) => ({ name, temperature });
    const nameOf = (...models: ReturnType<typeof model>[]) => primaryModel({ models })?.name;
    assert.equal(nameOf(model('a', 1), model('b', 20), model('c', 1)), 'b');
    assert.equal(nameOf(model('a', 20), model('b', 30), model('c', 1)), 'b');
    assert.equal(nameOf(model('a', 1), model('b', 1)), 'b');
    assert.equal(nameOf(), undefined);
  });

  it('take the budget that most untargeted attacks share, else the largest', () => {
    const at = (eps: number, target: number | null = null) => {
      const attack = handmade.attacks.find(isNaive);
      assert.ok(attack?.budget === 'fixed');
      return { ...attack, eps, target };
    };
    assert.equal(mainBudget([at(0.1), at(0.1), at(0.5)])?.eps, 0.1);
    assert.equal(mainBudget([at(0.1), at(0.3), at(0.2)])?.eps, 0.3);
    assert.equal(mainBudget([at(0.1), at(0.3, 1), at(0.3, 1)])?.eps, 0.1);
    assert.equal(
      mainBudget(handmade.attacks.filter(({ budget }) => budget === 'minimal')),
      undefined,
    );
  });

  it('count clean accuracy on the attacked images alone', () => {
    const few = handmade.attacks.filter(isNaive).map((one) => ({ ...one, robust: rateOf(0, 4) }));
    assert.deepEqual(accuracyOnAttacked(handmade, base, few), rateOf(3, 4));
    assert.deepEqual(accuracyOnAttacked(handmade, hard, few), rateOf(4, 4));
    assert.deepEqual(accuracyOnAttacked(handmade, base, []), rateOf(6, 8));
  });

  it('look for the gradient on the model that it is taken from', () => {
    const [onBase, onHard] = handmade.attacks.filter(isNaive);
    assert.deepEqual(
      [onBase, onHard].map((one) => lacksGradient(handmade, one)),
      [false, true],
    );
    const transferred = { ...onBase, source: 'hard' };
    assert.equal(zeroGradientShare(handmade, transferred), 0.75);
    assert.equal(zeroGradientShare(handmade, { ...onHard, loss: 'dlr' }), 0);
  });
});

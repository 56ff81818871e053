/** The attacks of every preset, one by one: to change one is to change what a verdict rests on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Norm } from '../../src/attacks/index.ts';
import {
  followUpAttacks,
  identityOf,
  type PlannedAttack,
  presetAttacks,
} from '../../src/evaluation/index.ts';
import type { PresetName } from '../../src/evaluation/preset-names.ts';

const fgsm = ['softmax', 'logits', 'temperature', 'margin', 'dlr'].map(
  (loss) => `fgsm Linf 0.1 ${loss}`,
);
const quick = [
  ...fgsm,
  'pgd Linf 0.1 softmax steps=40 restarts=1',
  'pgd Linf 0.1 margin steps=40 restarts=1',
  'apgd Linf 0.1 margin steps=40 restarts=1',
  'apgd Linf 0.1 margin steps=100 restarts=1',
  'pgd Linf 0.5 margin steps=40 restarts=1',
  'square Linf 0.1 margin queries=100',
  'surrogate Linf 0.1 margin steps=10 restarts=2 queries=400',
];
const quickL0 = [
  'fmn L0 margin steps=100',
  'fmn L0 margin steps=400',
  'surrogate L0 20 margin steps=10 restarts=2 queries=400',
];
const paper = [
  'jsma L0 112 softmax every',
  'jsma L0 112 logits every',
  'jsma L0 112 temperature every',
  'cw-l2 L2 margin every steps=300',
];

function describePlan(planned: readonly PlannedAttack[]): string[] {
  return planned.map(identityOf).map(({ attack, norm, eps, loss, target, source, options }) => {
    const amounts = ['steps', 'restarts', 'queries']
      .filter((name) => name in options)
      .map((name) => `${name}=${options[name]}`);
    return [attack, norm, eps, loss, target, source, ...amounts]
      .filter((part) => part !== null)
      .join(' ');
  });
}

const attacksOf = (preset: PresetName, norm: Norm, eps: number) =>
  describePlan(presetAttacks(preset, { norm, budgets: [eps], source: 'baseline' }));
const followUpsOf = (preset: PresetName, norm: Norm, eps: number) =>
  describePlan(followUpAttacks(preset, { norm, budgets: [eps], source: 'baseline' }));

describe('the attacks of a preset', () => {
  it('quick', () => {
    assert.deepEqual(attacksOf('quick', 'Linf', 0.1), quick);
    assert.deepEqual(attacksOf('quick', 'L0', 20), quickL0);
    assert.deepEqual(followUpsOf('quick', 'Linf', 0.1), []);
  });

  it('standard', () => {
    assert.deepEqual(attacksOf('standard', 'Linf', 0.1), [
      ...quick,
      'pgd Linf 0.1 logits steps=40 restarts=1',
      'apgd Linf 0.1 logits steps=100 restarts=1',
      'apgd Linf 0.1 dlr steps=100 restarts=1',
      'apgd Linf 0.1 margin steps=100 restarts=2',
      'noise Linf 0.1',
      'square Linf 0.1 margin queries=500',
      'transfer Linf 0.1 margin baseline steps=40',
      'fmn Linf margin steps=100',
    ]);
    assert.deepEqual(attacksOf('standard', 'L0', 20), quickL0);
    assert.deepEqual(followUpsOf('standard', 'Linf', 0.1), [
      'square Linf 0.1 margin queries=5000',
      'surrogate Linf 0.1 margin steps=10 restarts=2 queries=8000',
    ]);
    assert.deepEqual(followUpsOf('standard', 'L0', 20), [
      'surrogate L0 20 margin steps=10 restarts=2 queries=8000',
    ]);
  });

  it('paper, whatever norm was asked for', () => {
    assert.deepEqual(attacksOf('paper', 'Linf', 0.1), paper);
    assert.deepEqual(attacksOf('paper', 'L1', 5), paper);
    assert.deepEqual(followUpsOf('paper', 'L0', 20), []);
  });

  it('takes the margin in the place of a loss that two classes do not have', () => {
    const scope = { norm: 'Linf', budgets: [0.1], source: 'baseline', classes: 2 } as const;
    const losses = presetAttacks('standard', scope).map(({ plan }) => plan.loss);
    assert.ok(!losses.includes('dlr'));
    assert.ok(losses.includes('margin') && losses.includes('softmax'));
  });
});

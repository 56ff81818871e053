/** When one attack counts as better, or as a stronger form of another. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gapOfWins, isStronger, significantGap } from '../../src/evaluation/comparisons.ts';
import { budgetsOf } from '../../src/evaluation/worst-case.ts';
import { attackOn } from './handmade.ts';

const wins = (images: Readonly<Record<number, boolean>>) =>
  new Map(Object.entries(images).map(([image, won]) => [Number(image), won]));
const within = (eps: number) => ({ budget: 'fixed', eps }) as const;

describe('the gap between two attacks', () => {
  it('is taken over the images of both', () => {
    const first = wins({ 1: true, 2: true, 3: false, 4: true, 5: true });
    const second = wins({ 1: false, 2: true, 3: true, 4: false });
    assert.deepEqual(gapOfWins(first, second).difference, (2 - 1) / 4);
    assert.deepEqual(gapOfWins(second, first).difference, (1 - 2) / 4);
    assert.deepEqual(gapOfWins(first, wins({ 9: false })), { difference: 0, p: 1 });
  });

  it('counts where it is neither small nor chance', () => {
    const all = (count: number, won: number) =>
      wins(Object.fromEntries(Array.from({ length: count }, (_, i) => [i, i < won])));
    assert.equal(significantGap(all(100, 50), all(100, 0)), 0.5);
    assert.equal(significantGap(all(100, 5), all(100, 0)), 0, 'five images may be chance');
    assert.equal(significantGap(all(100, 0), all(100, 50)), 0, 'the other is better');
  });
});

describe('a stronger form of an attack', () => {
  const won = [true, false];
  const pgd = (options: Record<string, number>, changes = {}) =>
    attackOn('student', won, within(0.1), { attack: 'pgd', loss: 'margin', options, ...changes });
  const weak = pgd({ steps: 40, restarts: 1 });

  it('has more of something and less of nothing', () => {
    assert.ok(isStronger(pgd({ steps: 100, restarts: 1 }), weak));
    assert.ok(isStronger(pgd({ steps: 40, restarts: 2 }), weak));
    assert.ok(!isStronger(weak, weak));
    assert.ok(!isStronger(pgd({ steps: 100, restarts: 0 }), weak));
    assert.ok(!isStronger(weak, pgd({ steps: 100, restarts: 1 })));
  });

  it('is the same attack, on the same loss, in the same norm', () => {
    const more = { steps: 100, restarts: 2 };
    for (const change of [{ attack: 'bim' }, { loss: 'softmax' }, { norm: 'L2' }]) {
      assert.ok(!isStronger(pgd(more, change), weak), JSON.stringify(change));
    }
    const minimal = attackOn(
      'student',
      won,
      { budget: 'minimal', eps: null },
      {
        attack: 'pgd',
        loss: 'margin',
        options: more,
      },
    );
    assert.ok(!isStronger(minimal, weak));
  });
});

it('budgets are in the usual order of norms, then by size', () => {
  const at = (norm: 'Linf' | 'L2' | 'L1' | 'L0', eps: number) =>
    attackOn('student', [true], within(eps), { norm });
  const attacks = [at('L0', 20), at('L2', 1), at('Linf', 0.3), at('L1', 5), at('Linf', 0.1)];
  assert.deepEqual(
    budgetsOf(attacks).map(({ norm, eps }) => `${norm} ${eps}`),
    ['Linf 0.1', 'Linf 0.3', 'L2 1', 'L1 5', 'L0 20'],
  );
});

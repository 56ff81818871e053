/** What a plan refuses and fills in, word for word: users read these lines. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attackNamed, planAttack } from '../../src/attacks/index.ts';
import { UserError } from '../../src/errors.ts';

type Choices = Parameters<typeof planAttack>[1];

function refusal(name: string, choices: Choices): (string | undefined)[] {
  try {
    planAttack(attackNamed(name), choices);
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return [error.code, error.message, error.hint];
  }
  assert.fail(`${name} accepts ${JSON.stringify(choices)}`);
}

describe('a plan', () => {
  it('refuses what does not fit the attack, and says what does', () => {
    const cases: [string, Choices, string, string, string][] = [
      [
        'deepfool',
        { norm: 'L0' },
        'bad-norm',
        'deepfool works in L2, Linf, L1, not in L0',
        'choose the norm L2, or another attack',
      ],
      [
        'fmn',
        { loss: 'softmax' },
        'bad-loss',
        'fmn takes margin, dlr, logits, not the loss softmax',
        'choose the loss margin',
      ],
      [
        'noise',
        { eps: 0.1, loss: 'dlr' },
        'bad-loss',
        'noise takes no choice of loss, not the loss dlr',
        'choose no loss',
      ],
      [
        'bim',
        { eps: 0.1, options: { queries: 3 } },
        'unknown-option',
        "bim has no option 'queries'",
        'it has steps, stepSize',
      ],
      [
        'fgsm',
        { eps: 0.1, options: { steps: 3 } },
        'unknown-option',
        "fgsm has no option 'steps'",
        'it has no options',
      ],
      [
        'pgd',
        { eps: 8 },
        'bad-eps',
        'pixels go from 0 to 1, so eps in Linf cannot be 8',
        'give eps in units of pixel value, such as 8/255',
      ],
      [
        'pgd',
        { eps: -1 },
        'bad-eps',
        'pixels go from 0 to 1, so eps in Linf cannot be -1',
        'give eps in units of pixel value, such as 0.1 or 8/255',
      ],
      [
        'pgd',
        { norm: 'L2', eps: Number.POSITIVE_INFINITY },
        'bad-eps',
        'pixels go from 0 to 1, so eps in L2 cannot be Infinity',
        'give eps in units of pixel value, such as 0.1 or 8/255',
      ],
      [
        'jsma',
        { eps: 1.5 },
        'bad-eps',
        'an L0 eps is a number of features, not 1.5',
        'give an integer from 0 up, such as 112',
      ],
    ];
    for (const [name, choices, ...expected] of cases) {
      assert.deepEqual(refusal(name, choices), expected);
    }
  });

  it('accepts the ends of the range of eps', () => {
    for (const eps of [0, 1]) {
      assert.equal(planAttack(attackNamed('pgd'), { eps }).threat.eps, eps);
    }
    assert.equal(planAttack(attackNamed('pgd'), { norm: 'L2', eps: 3 }).threat.eps, 3);
    assert.equal(planAttack(attackNamed('jsma'), { eps: 0 }).threat.eps, 0);
  });

  it('fills in what was left open, each default from those before it', () => {
    const { threat, loss, options } = planAttack(attackNamed('pgd'), {
      eps: 0.2,
      options: { steps: 10 },
    });
    assert.deepEqual(threat, { norm: 'Linf', eps: 0.2 });
    assert.equal(loss, 'margin');
    assert.deepEqual(options, { steps: 10, stepSize: 0.05, restarts: 1, sparsity: 0.05 });
  });

  it('gives a minimal-norm attack no budget, whatever was asked', () => {
    const { threat } = planAttack(attackNamed('fmn'), { eps: 0.1 });
    assert.deepEqual(threat, { norm: 'L2', eps: Number.POSITIVE_INFINITY });
  });
});

/** What `evaluate` plans to measure, from its flags. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planEvaluation } from '../../src/cli/actions/evaluate.ts';
import { type EvaluateFlags, evaluateCommand } from '../../src/cli/commands/evaluate.ts';
import { DEFAULT_EPS } from '../../src/library/index.ts';
import { bands } from '../library/models.ts';

const test = bands('bands/test', 8);
const data = { source: 'bands', test };

/** The plan of a command line. */
function planOf(...args: string[]) {
  const command = evaluateCommand(async () => {});
  command.exitOverride().parse(args, { from: 'user' });
  return planEvaluation(command.opts<EvaluateFlags>(), data);
}

describe('the plan of an evaluation', () => {
  it('keeps adversarial examples in the folder of the record, and only where asked', () => {
    assert.ok(!('examplesFolder' in planOf()));
    assert.equal(planOf('--save-examples').examplesFolder, 'report/evaluate/examples');
    assert.equal(planOf('--save-examples', '--out', 'here').examplesFolder, 'here/examples');
  });

  it('takes samples, seed and gates from the flags, and the samples else from the preset', () => {
    const { samples, seed, gates, gateOn } = planOf();
    assert.deepEqual([samples, seed, gates, gateOn], [1000, 1, [], 'estimate']);
    assert.equal(planOf('--preset', 'paper').samples, 100);
    const own = planOf('--samples', '7', '--seed', '3', '--gate-on', 'interval');
    assert.deepEqual([own.samples, own.seed, own.gateOn], [7, 3, 'interval']);
    assert.deepEqual(
      planOf('--gate', 'accuracy > 0.5', '--fail-on', 'serious').gates?.map(({ text }) => text),
      ['serious flags <= 0', 'accuracy > 0.5'],
    );
  });

  it('has follow-ups for a preset that has them, at every budget, and none for named attacks', () => {
    assert.deepEqual(planOf().followUps, []);
    const { followUps = [] } = planOf('--preset', 'standard');
    for (const name of ['square', 'surrogate']) {
      const own = followUps.filter(({ plan }) => plan.attack.name === name);
      assert.deepEqual(
        own.map(({ plan }) => plan.threat.eps),
        DEFAULT_EPS,
      );
    }
    const named = planOf('--attacks', 'pgd', '--eps', '0.2', '--loss', 'margin');
    assert.equal(named.followUps, undefined);
    assert.deepEqual(
      named.attacks.map(({ plan }) => [plan.attack.name, plan.threat.eps, plan.loss]),
      [['pgd', 0.2, 'margin']],
    );
  });

  it('refuses what only named attacks take', () => {
    for (const [flag, value] of [
      ['--loss', 'margin'],
      ['--set', 'steps=3'],
      ['--target', '1'],
    ]) {
      assert.throws(() => planOf(flag, value), {
        code: 'bad-flag',
        message: `${flag} needs --attacks: a preset is fixed`,
      });
    }
  });
});

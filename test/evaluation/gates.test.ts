import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { GateError, UserError } from '../../src/errors.ts';
import {
  type EvaluationPlan,
  type EvaluationRecord,
  evaluate,
  gateMetrics,
  judgeGates,
  namedAttacks,
  parseGate,
  requireGates,
  shortGates,
} from '../../src/evaluation/index.ts';
import { rescaled, smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';
import { provenance } from './provenance.ts';

const model = smallNetwork(25, 6, 4);
const scope = { norm: 'Linf' as const, budgets: [8 / 255, 0.1], source: 'small' };
const plan = {
  models: [
    { classifier: model, folder: 'models/small', digest: 'a' },
    { classifier: { ...rescaled(model, 200), name: 'cold' }, folder: 'models/cold', digest: 'b' },
  ],
  dataset: await datasetFor(model, 60),
  samples: 40,
  attacks: [
    ...namedAttacks({ names: ['fgsm', 'fmn'], losses: ['margin'] }, scope),
    ...namedAttacks(
      { names: ['pgd'], settings: [{ attack: 'pgd', option: 'steps', values: [5, 40] }] },
      scope,
    ),
    ...namedAttacks({ names: ['fgsm'], target: 'every' }, scope),
  ],
  seed: 1,
};

describe('gates', () => {
  let record: EvaluationRecord;
  before(async () => {
    record = await evaluate(plan, provenance);
  });
  const judge = (text: string, on: 'estimate' | 'interval' = 'estimate') =>
    judgeGates([parseGate(text)], record, on);

  it('can name every metric of the record, each with a value inside its interval', () => {
    for (const metric of gateMetrics(record)) {
      const { value, low, high } = metric.measure(record);
      assert.ok(low <= value && value <= high, metric.name);
      const [result] = judge(`${metric.model}: ${metric.name} >= ${value}`);
      assert.ok(result.met && result.metric === metric.name, metric.name);
    }
    const names = new Set(gateMetrics(record).map(({ name }) => name));
    for (const name of [
      'accuracy',
      'accuracy drop',
      'robust accuracy (Linf 0.1)',
      'robust accuracy drop (Linf 0.03137)',
      'accuracy under fgsm Linf 0.1 margin',
      'accuracy under pgd Linf 0.1 margin steps=5',
      'accuracy under pgd Linf 0.1 margin',
      'median distance of fmn Linf margin',
      'worst targeted success of fgsm Linf 0.1 margin target=every',
      'serious flags',
      'flags',
      'open verdicts',
    ]) {
      assert.ok(names.has(name), `${name} among ${[...names].join('; ')}`);
    }
  });

  it('are as easy to write as they are to read', () => {
    for (const text of [
      'cold: robust accuracy (Linf 8/255) <= 100%',
      'cold:   Robust Accuracy Linf 0.03137 <= 100 %',
      'robust accuracy Linf, 0.03137 <= 1',
    ]) {
      const results = judge(text);
      assert.ok(results.length > 0 && results.every(({ met }) => met), text);
    }
    assert.equal(judge('*: accuracy >= 1').length, 2);
    assert.equal(judge('accuracy >= 0.5').length, 2);
    assert.equal(judge('robust accuracy >= 0').length, 4, 'every budget of every model');
    assert.equal(judge('small: serious flags <= 0')[0].met, true);
    assert.equal(judge('cold: serious flags <= 0')[0].met, false);
    const [open] = judge('cold: open verdicts <= 0');
    assert.deepEqual([open.value, open.met], [2, false], 'one at each budget');
  });

  it('hold the cautious end of the interval against the threshold where asked', () => {
    const [estimate] = judge('small: accuracy >= 0.99');
    const [interval] = judge('small: accuracy >= 0.99', 'interval');
    assert.ok(estimate.met && !interval.met);
    // Clopper and Pearson: the low end of 60 of 60 is 0.025^(1/60).
    assert.ok(Math.abs(interval.value - 0.025 ** (1 / 60)) < 1e-9);
    const [drop] = judge('cold: accuracy drop <= 0.01', 'interval');
    assert.ok(!drop.met && drop.value > 0.01);
    assert.ok(judge('cold: accuracy drop <= 0')[0].met);
  });

  it('that are missed are all named, with exit code 1; short flags are the same gates', () => {
    const gates = shortGates({ minAccuracy: 0.9, minRobustAccuracy: 0.999, failOn: ['serious'] });
    const results = judgeGates(gates, record, 'estimate');
    const missed = results.filter(({ met }) => !met);
    assert.ok(missed.length >= 3);
    assert.throws(
      () => requireGates({ gates: results }),
      (error) =>
        error instanceof GateError &&
        error.exitCode === 1 &&
        missed.every(({ metric, model }) => error.message.includes(`${metric} of ${model}`)),
    );
    requireGates({ gates: results.filter(({ met }) => met) });
  });

  it('on metrics that there will not be are refused before anything is measured', async () => {
    const visited: string[] = [];
    const refused = (text: string, expected: RegExp) =>
      assert.rejects(
        evaluate(
          { ...plan, gates: [parseGate(text)], onProgress: (what) => visited.push(what) },
          provenance,
        ),
        (error) => error instanceof UserError && expected.test(`${error.message}; ${error.hint}`),
      );
    await refused(
      'studnt: accuracy >= 0.5',
      /no model of this evaluation; the models are small, cold/,
    );
    await refused('small: robustness >= 0.5', /no metric .*the metrics are: accuracy; robust/);
    await refused('small: accuracy drop <= 0.5', /no metric/);
    await refused(
      'small: accuracy >= 99',
      /is always missed: accuracy is 0 % to 100 %; did you mean >= 99%\?/,
    );
    await refused(
      'cold: accuracy drop <= 1',
      /is always met: accuracy drop is -100 % to 100 %; did you mean <= 1%\?/,
    );
    await refused('robust accuracy >= 0', /always met/);
    await refused('accuracy > 1', /always missed/);
    await refused('serious flags >= 0', /always met: serious flags is 0 or more/);
    await refused('flags <= -1', /always missed/);
    assert.deepEqual(visited, []);
    for (const text of [
      '',
      'accuracy',
      'accuracy > x',
      'accuracy = 0.5',
      '>= 0.5',
      'a: b >= 1.2.3',
    ]) {
      assert.throws(() => parseGate(text), /a gate reads 'model: metric >= threshold'/, text);
    }
  });
});

describe('the gates of an evaluation', () => {
  it('hold the metric itself against the threshold, unless the plan says otherwise', async () => {
    const judged = async (choice: Pick<EvaluationPlan, 'gateOn'>) => {
      const gates = [parseGate('accuracy >= 1')];
      const planned: EvaluationPlan = { ...plan, models: plan.models.slice(0, 1), samples: 5 };
      const record = await evaluate({ ...planned, attacks: [], gates, ...choice }, provenance);
      return record.gates.map(({ on, met }) => [on, met]);
    };
    assert.deepEqual(await judged({}), [['estimate', true]]);
    assert.deepEqual(await judged({ gateOn: 'estimate' }), [['estimate', true]]);
    assert.deepEqual(await judged({ gateOn: 'interval' }), [['interval', false]]);
  });
});

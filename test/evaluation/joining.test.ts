/** Records of parts of an evaluation, joined, are the record of the whole. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  type EvaluationRecord,
  evaluate,
  joinRecords,
  namedAttacks,
  parseGate,
} from '../../src/evaluation/index.ts';
import { rescaled, smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';
import { provenance } from './provenance.ts';

const model = smallNetwork(25, 6, 4);
const dataset = await datasetFor(model, 60);
const scope = { norm: 'Linf' as const, budgets: [0.1], source: 'small' };
const weak = namedAttacks({ names: ['fgsm'], losses: ['softmax'] }, scope);
const strong = namedAttacks({ names: ['pgd'], losses: ['margin'] }, scope);
const small = { classifier: model, folder: 'models/small', digest: 'a' };
const cold = {
  classifier: { ...rescaled(model, 200), name: 'cold' },
  folder: 'models/cold',
  digest: 'b',
};
const allGates = [
  'robust accuracy (Linf 0.1) >= 0.5',
  'cold: accuracy drop <= 0',
  'open verdicts <= 0',
].map(parseGate);

async function recordOf(
  attacks: typeof weak,
  { models = [small, cold], samples = 40, seed = 1, gates = allGates } = {},
): Promise<EvaluationRecord> {
  const plan = { models, dataset, samples, attacks, seed, gates };
  const record = await evaluate(plan, provenance);
  const timeless = record.attacks.map((attack) => ({ ...attack, seconds: 0 }));
  return { ...record, seconds: 0, attacks: timeless };
}

describe('joined records', () => {
  let [naive, adaptive]: EvaluationRecord[] = [];
  before(async () => {
    [naive, adaptive] = [await recordOf(weak), await recordOf(strong)];
  });

  it('conclude what one evaluation with all the attacks concludes', async () => {
    const whole = await recordOf([...weak, ...strong]);
    const joined = joinRecords([naive, adaptive]);
    const byMetric = (record: EvaluationRecord) => ({
      ...record,
      gates: record.gates.toSorted((a, b) =>
        `${a.metric} ${a.model}`.localeCompare(`${b.metric} ${b.model}`),
      ),
    });
    // A joined record is of no single evaluation, so it has no digest of one.
    assert.deepEqual(byMetric(joined), byMetric({ ...whole, configuration: {} }));
    // The case is worth a test: the parts say other things than the whole.
    const robust = ({ worstCases }: EvaluationRecord) =>
      worstCases.find((one) => one.model === 'cold')?.rate as number;
    assert.ok(robust(joined) < robust(naive), `${robust(joined)} and ${robust(naive)}`);
    assert.notDeepEqual(joined.verdicts, naive.verdicts);
    const missed = ({ gates: results }: EvaluationRecord) =>
      results.filter(({ met }) => !met).length;
    assert.ok(missed(joined) > missed(naive), 'a gate that a weak attack met is missed');
  });

  it('conclude the same in any order', () => {
    const conclusions = (record: EvaluationRecord) =>
      [record.worstCases, record.tests, record.flags, record.verdicts] as const;
    assert.deepEqual(
      conclusions(joinRecords([adaptive, naive])),
      conclusions(joinRecords([naive, adaptive])),
    );
  });

  it('may add models, which are then compared with the first', async () => {
    const [first, second] = [
      await recordOf(strong, { models: [small], gates: [] }),
      await recordOf(strong, { models: [cold], gates: [] }),
    ];
    const joined = joinRecords([first, second]);
    const { tests, worstCases } = await recordOf(strong, { gates: [] });
    assert.deepEqual(joined.tests, tests);
    assert.deepEqual(joined.worstCases, worstCases);
  });

  it('hold an attack once, on as many images as it was run on', async () => {
    const fewer = await recordOf(strong, { samples: 10 });
    for (const records of [
      [fewer, adaptive],
      [adaptive, fewer],
      [adaptive, adaptive],
    ]) {
      assert.deepEqual(joinRecords(records).attacks, adaptive.attacks);
    }
  });

  it('are refused where they are of other images or models, or contradict each other', () => {
    const other = { ...adaptive, data: { ...adaptive.data, digest: 'another' } };
    const models = adaptive.models.map((one) => ({ ...one, digest: 'another' }));
    const attacks = adaptive.attacks.map((attack) => ({
      ...attack,
      success: attack.success.map((won) => !won),
    }));
    for (const foreign of [other, { ...adaptive, models }, { ...adaptive, attacks }]) {
      assert.throws(() => joinRecords([adaptive, foreign]), { code: 'foreign-record' });
    }
  });
});

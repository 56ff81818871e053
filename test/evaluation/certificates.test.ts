/** Proofs beside attacks: what is claimed, and that a wrong proof is seen. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { UserError } from '../../src/errors.ts';
import {
  type Certifier,
  type EvaluationPlan,
  type EvaluationRecord,
  evaluate,
  evaluationDigest,
  joinRecords,
  namedAttacks,
  parseGate,
  parseRecord,
  shortGates,
} from '../../src/evaluation/index.ts';
import { boundsTable, logLine, withAnswer } from '../../src/report/index.ts';
import { smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';
import { provenance } from './provenance.ts';

const model = smallNetwork(25, 6, 4);
const scope = { norm: 'Linf' as const, budgets: [0.02, 0.1], source: 'small' };

/** A certifier that is right about nothing but what it is told: every unbroken image is open. */
const modest: Certifier = {
  async certify(_, { samples, isBroken, onProgress }) {
    onProgress(samples);
    return Array.from({ length: samples }, (_, i) => (isBroken(i) ? 'broken' : 'open'));
  },
};
/** A certifier with a fault: it proves every third image, whatever attacks found. */
const unsound: Certifier = {
  async certify(_, { samples }) {
    return Array.from({ length: samples }, (_, i) => (i % 3 === 0 ? 'certified' : 'open'));
  },
};
/** Proves every image that no attack broke. */
const perfect: Certifier = {
  async certify(_, { samples, isBroken }) {
    return Array.from({ length: samples }, (_, i) => (isBroken(i) ? 'broken' : 'certified'));
  },
};

const planWith = async (certifier: Certifier | undefined): Promise<EvaluationPlan> => ({
  models: [{ classifier: model, folder: 'models/small', digest: 'a' }],
  dataset: await datasetFor(model, 60),
  samples: 40,
  attacks: namedAttacks({ names: ['pgd'], losses: ['margin'] }, scope),
  seed: 1,
  ...(certifier && { certifier }),
});

describe('evaluate with proofs', () => {
  const records: Record<string, EvaluationRecord> = {};
  before(async () => {
    for (const [name, certifier] of Object.entries({ modest, unsound, perfect })) {
      records[name] = await evaluate(await planWith(certifier), provenance);
    }
  });

  it('has them for every model and Linf budget, never above what attacks leave', () => {
    const { certificates = [], worstCases } = records.perfect;
    assert.deepEqual(
      certificates.map(({ eps }) => eps),
      [0.02, 0.1],
    );
    for (const { eps, certified, outcomes } of certificates) {
      const attacked = worstCases.find((one) => one.eps === eps);
      assert.equal(certified.hits, attacked?.hits);
      assert.equal(outcomes.length, 40);
    }
    assert.ok(certificates[0].certified.hits > certificates[1].certified.hits);
    assert.deepEqual(records.perfect.flags, records.modest.flags);
    assert.deepEqual(parseRecord(JSON.stringify(records.perfect)), records.perfect);
    assert.match(logLine(records.perfect), /certified Linf 0\.02 \d/);
    assert.match(
      withAnswer(records.perfect).answer,
      /at least \d+ \(proven\) and at most \d+ of 40/,
    );
  });

  it('raises a serious flag where an image is certified and broken', () => {
    const flags = records.unsound.flags.filter(({ code }) => code === 'certified-and-broken');
    assert.equal(flags.length, 1);
    const { value, severity } = flags[0];
    const expected = records.unsound.attacks
      .flatMap(({ success, predicted }) => success.map((won, i) => won || predicted[i] < 0))
      .filter((broken, row) => broken && (row % 40) % 3 === 0).length;
    assert.ok(value >= expected && value > 0, `${value} ${expected}`);
    assert.equal(severity, 'serious');
  });

  it('puts both ends in one row', () => {
    const { rows, columns } = boundsTable(records.perfect);
    assert.deepEqual(columns.slice(2, 5), ['certified', 'open', 'under all attacks']);
    for (const [, , certified, open, attacked] of rows) {
      assert.equal(certified.value, attacked.value);
      assert.equal(open.value, 0);
    }
    assert.deepEqual(boundsTable({ ...records.modest, certificates: [] }).rows, []);
  });

  it('can be gated', async () => {
    const gates = [
      parseGate('certified accuracy (Linf 0.1) >= 0.999'),
      ...shortGates({ minCertifiedAccuracy: 0.001 }),
    ];
    const { gates: results, certificates = [] } = await evaluate(
      { ...(await planWith(perfect)), gates },
      provenance,
    );
    assert.deepEqual(
      results.map(({ metric, met }) => [metric, met]),
      [
        ['certified accuracy (Linf 0.1)', false],
        ['certified accuracy (Linf 0.02)', true],
        ['certified accuracy (Linf 0.1)', certificates[1].certified.hits > 0],
      ],
    );
    await assert.rejects(
      evaluate({ ...(await planWith(undefined)), gates }, provenance),
      (error: Error) => error instanceof UserError && error.code === 'bad-gate',
    );
  });

  it('is another evaluation than one without them, and joins to one record', async () => {
    const [plain, proving] = [await planWith(undefined), await planWith(perfect)];
    assert.notEqual(evaluationDigest(plain), evaluationDigest(proving));
    const { certificates, ...without } = records.perfect;
    assert.deepEqual(joinRecords([without, records.perfect]).certificates, certificates);
    assert.equal(joinRecords([without, without]).certificates, undefined);
  });

  it('refuses where there is no budget for them', async () => {
    const attacks = namedAttacks({ names: ['pgd'] }, { ...scope, norm: 'L2', budgets: [1] });
    await assert.rejects(
      evaluate({ ...(await planWith(perfect)), attacks }, provenance),
      (error: Error) => error instanceof UserError && error.code === 'bad-plan',
    );
  });
});

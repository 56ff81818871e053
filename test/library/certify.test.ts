/** What is proven is true: closed forms, and attacks that must not succeed. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { attackNamed, planAttack } from '../../src/attacks/index.ts';
import { parseCertificate, RandomStream, UserError } from '../../src/index.ts';
import { attack, certify, datasetOf, startEngine } from '../../src/library/index.ts';
import { initialWeights, Model, type Network } from '../../src/models/index.ts';
import { bands, CLASSES, SHAPE } from './models.ts';

const dense = (name: string, units: number, activation: 'relu' | 'linear') =>
  ({ kind: 'dense', name, units, bias: true, activation }) as const;

const linear: Network = {
  architecture: 'linear',
  inputShape: SHAPE,
  classes: CLASSES,
  layers: [{ kind: 'flatten', name: 'flatten' }, dense('logits', CLASSES, 'linear')],
};

const hidden: Network = {
  ...linear,
  architecture: 'hidden',
  layers: [linear.layers[0], dense('dense1', 16, 'relu'), dense('logits', CLASSES, 'linear')],
};

/** Logits: the mean brightness of each third of the rows. */
function bandWeights(network: Network) {
  return initialWeights(network, 1, new RandomStream(1, 'bands')).map(({ spec, values }) => ({
    spec,
    values: values.map((_, i) =>
      spec.role === 'kernel' && Math.floor(i / CLASSES / 48) === i % CLASSES ? 1 / 48 : 0,
    ),
  }));
}

before(() => startEngine('wasm'));

describe('certify', () => {
  it('knows the radius of a linear model exactly', async () => {
    const model = new Model(linear, bandWeights(linear), 1);
    const data = bands('exact', 20);
    // Each band's mean moves by eps, so the radius is half of the difference of two means.
    const radii = Array.from({ length: data.count }, (_, i) => {
      const means = [0, 1, 2].map((band) => {
        const pixels = data.images.subarray(i * 144 + band * 48, i * 144 + (band + 1) * 48);
        return pixels.reduce((sum, pixel) => sum + pixel, 0) / 48 / 255;
      });
      const own = means[data.labels[i]];
      return (
        Math.min(...means.filter((_, band) => band !== data.labels[i]).map((m) => own - m)) / 2
      );
    });
    const sorted = [...radii].sort((a, b) => a - b);
    for (const eps of [sorted[0] - 0.001, (sorted[9] + sorted[10]) / 2, sorted[19] + 0.001]) {
      const { budgets } = await certify({ model, data, eps: [eps] });
      const expected = radii.map((radius) => (radius > eps ? 'certified' : 'broken'));
      const clear = radii.map((radius) => Math.abs(radius - eps) > 0.004);
      assert.deepEqual(
        budgets[0].outcomes.filter((_, i) => clear[i]),
        expected.filter((_, i) => clear[i]),
      );
    }
    model.dispose();
  });

  it('never certifies what another attack breaks, and less within more', async () => {
    const weights = initialWeights(hidden, 1, new RandomStream(5, 'hidden'));
    const model = new Model(hidden, weights, 1);
    const data = bands('random', 40);
    const eps = [0, 0.004, 0.02, 0.1];
    const record = await certify({ model, data, eps });
    for (const [i, budget] of record.budgets.entries()) {
      const { certified, attacked, open } = budget;
      assert.ok(certified.rate <= attacked.rate, `at ${budget.eps}`);
      assert.equal(certified.hits + open, attacked.hits);
      if (i > 0)
        assert.ok(certified.hits <= record.budgets[i - 1].certified.hits, `at ${budget.eps}`);
      const plan = planAttack(attackNamed('apgd'), { eps: budget.eps, loss: 'margin' });
      const { success } = await attack({ model: model.classifier('m'), data, plan });
      const both = success.filter((broken, k) => broken && budget.outcomes[k] === 'certified');
      assert.equal(both.length, 0, `at ${budget.eps}`);
    }
    assert.equal(record.budgets[0].open, 0, 'without a budget the answer decides');
    assert.ok(record.budgets[1].by.some((by) => by === 'interval'));
    assert.deepEqual(parseCertificate(JSON.stringify(record)), record);
    const again = await certify({ model, data, eps });
    assert.deepEqual(
      again.budgets.map(({ outcomes, margins }) => ({ outcomes, margins })),
      record.budgets.map(({ outcomes, margins }) => ({ outcomes, margins })),
    );
    assert.equal(again.inputsDigest, record.inputsDigest);
    model.dispose();
  });

  it('finds more with each costlier method', async () => {
    const model = new Model(hidden, initialWeights(hidden, 1, new RandomStream(5, 'hidden')), 1);
    const data = bands('methods', 40);
    const hits = [];
    for (const method of ['interval', 'crown', 'auto'] as const) {
      hits.push((await certify({ model, data, eps: [0.02], method })).budgets[0].certified.hits);
    }
    assert.ok(hits[0] <= hits[1] && hits[1] <= hits[2], `${hits}`);
    model.dispose();
  });

  it('refuses what it cannot do', async () => {
    const model = new Model(linear, bandWeights(linear), 1);
    const data = bands('refused', 4);
    const other = datasetOf({
      name: 'other',
      shape: [2, 2, 1],
      classes: 3,
      images: new Uint8Array(4),
      labels: [0],
    });
    for (const [options, code] of [
      [{ model, data, samples: 5 }, 'bad-plan'],
      [{ model, data, eps: [2] }, 'bad-eps'],
      [{ model, data: other }, 'foreign-model'],
      [{ model: '/nowhere', data }, 'bad-model'],
    ] as const) {
      await assert.rejects(
        () => certify(options),
        (error: Error) => error instanceof UserError && error.code === code,
        code,
      );
    }
    const record = await certify({ model, data, eps: [0.01] });
    const wrong = structuredClone(record);
    wrong.budgets[0].certified.hits--;
    for (const text of ['{', JSON.stringify(wrong), JSON.stringify({ ...record, schema: 'x' })]) {
      assert.throws(
        () => parseCertificate(text),
        (error: Error) => error instanceof UserError && error.code === 'bad-record',
      );
    }
    const controller = new AbortController();
    await assert.rejects(
      certify({
        model,
        data,
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('enough')),
      }),
      /enough/,
    );
    model.dispose();
  });
});

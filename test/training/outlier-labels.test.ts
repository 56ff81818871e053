import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RandomStream, startEngine } from '../../src/engine/index.ts';
import { UserError } from '../../src/errors.ts';
import { buildNetwork, initialWeights, Model, type Network } from '../../src/models/index.ts';
import {
  checkOutlierOptions,
  dropoutUncertainties,
  outlierLabels,
} from '../../src/training/outlier-labels.ts';

const SHAPE = [4, 3, 1] as const;
const RATE = 0.25;

/** Logits that are sums of pixels, each kept or dropped. */
const network: Network = {
  architecture: 'dropped-pixels',
  inputShape: SHAPE,
  classes: 3,
  layers: [
    { kind: 'flatten', name: 'flatten' },
    { kind: 'dropout', name: 'dropout', rate: RATE },
    { kind: 'dense', name: 'logits', units: 3, bias: false, activation: 'linear' },
  ],
};

describe('labels with an outlier class', async () => {
  await startEngine('auto');
  const weights = initialWeights(network, 1, new RandomStream(5, 'weights'));
  const stream = new RandomStream(6, 'images');
  const count = 150; // more than one batch
  const images = Uint8Array.from({ length: 12 * count }, () => stream.integer(256));
  images.fill(0, 0, 12);
  const dataset = { shape: SHAPE, images, count };

  it('have the variance of the logits over dropout passes as uncertainty', async () => {
    const model = new Model(network, weights, 1);
    const options = { passes: 3000, seed: 1 };
    const measured = await dropoutUncertainties(model, dataset, options);
    const again = await dropoutUncertainties(model, { ...dataset, count: 10 }, options);
    model.dispose();
    const [{ values: kernel }] = weights;
    for (let image = 0; image < count; image++) {
      // Each pixel is multiplied by 0 or 1 / (1 - rate), independently of the others.
      let exact = 0;
      for (let i = 0; i < 12; i++) {
        for (let c = 0; c < 3; c++) exact += (kernel[3 * i + c] * images[12 * image + i]) ** 2;
      }
      exact *= RATE / (1 - RATE) / 255 ** 2;
      assert.ok(Math.abs(measured[image] - exact) <= 0.15 * exact, `${measured[image]}, ${exact}`);
    }
    assert.equal(measured[0], 0);
    assert.equal(again.length, 10);
  });

  it('give the outlier class its share of the largest uncertainty, the rest to the own class', () => {
    const rows = outlierLabels(Uint8Array.of(0, 2, 1), Float64Array.of(0, 4, 1), 3, 0.9);
    const expected = [1, 0, 0, 0, 0, 0, 0.1, 0.9, 0, 0.775, 0, 0.225];
    assert.deepEqual([...rows], [...Float32Array.from(expected)]);
  });

  it('are the hard labels where the teacher is sure of everything', () => {
    const rows = outlierLabels(Uint8Array.of(1, 0), new Float64Array(2), 2, 1);
    assert.deepEqual([...rows], [0, 1, 0, 1, 0, 0]);
  });

  it('are refused without dropout, and for options out of range', async () => {
    const refused = (code: string) => (error: unknown) =>
      error instanceof UserError && error.code === code;
    const plain = buildNetwork('dm-small', [28, 28, 1], 10);
    const model = new Model(plain, initialWeights(plain, 1, new RandomStream(1, 'weights')), 1);
    const none = { shape: plain.inputShape, images: new Uint8Array(), count: 0 };
    const measured = dropoutUncertainties(model, none, { passes: 2, seed: 1 });
    await assert.rejects(measured, refused('no-dropout'));
    model.dispose();
    const good = { passes: 2, share: 1, seed: 1 };
    checkOutlierOptions(good, 1);
    for (const [options, temperature] of [
      [{ ...good, passes: 1 }, 1],
      [{ ...good, passes: 2.5 }, 1],
      [{ ...good, share: 0 }, 1],
      [{ ...good, share: 1.1 }, 1],
      [{ ...good, share: Number.NaN }, 1],
      [good, 40],
    ] as const) {
      assert.throws(() => checkOutlierOptions(options, temperature), refused('bad-plan'));
    }
  });
});

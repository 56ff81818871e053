/** Gradients that pass through layers as through the identity; the layers that need it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { evaluateCommand } from '../../src/cli/command-text.ts';
import {
  attackNamed,
  type Dataset,
  datasetOf,
  type EvaluationRecord,
  evaluate,
  planAttack,
  startEngine,
} from '../../src/index.ts';
import { exportNetwork, importModel, Model, saveModel } from '../../src/models/index.ts';
import { saveNetwork } from '../../src/models/saved-network.ts';
import { HANDMADE_CARD } from './handmade-card.ts';
import { STEPS, steppedNetwork, steppedWeights } from './stepped-network.ts';

const PIXELS = [0.2, 0.45, 0.6, 0.95];
const STEP = { round: Math.round, floor: Math.floor, ceil: Math.ceil, sign: Math.sign };
const KINDS = ['round', 'floor', 'ceil', 'sign'] as const;

let folder: string;
before(async () => {
  await startEngine('auto', 1);
  folder = mkdtempSync(join(tmpdir(), 'pass-through-'));
});
after(() => rmSync(folder, { recursive: true }));

const image = () => tf.tensor4d(PIXELS, [1, 2, 2, 1]);

/** Logits of the image, and the gradient of the first one. */
function answer(model: Model, bpda: readonly string[]) {
  const { logits } = model.classifier('stepped', bpda);
  return tf.tidy(() => {
    const slope = tf.grad((x) => tf.sum(tf.slice(logits(x as tf.Tensor4D), [0, 0], [1, 1])));
    return {
      logits: Array.from(logits(image()).dataSync()),
      gradient: Array.from(slope(image()).dataSync()),
    };
  });
}

const modelOf = (kind: (typeof KINDS)[number]) => {
  const network = steppedNetwork(kind);
  return new Model(network, steppedWeights(network), 1);
};

describe('a layer that steps', () => {
  for (const kind of KINDS) {
    it(`${kind}: answers in steps, without a gradient; passed through, as if it were not there`, () => {
      const model = modelOf(kind);
      const steps = PIXELS.map((pixel) => STEP[kind](pixel * STEPS) / STEPS);
      const expected = [10 * (steps[0] + steps[1]), 10 * (steps[2] + steps[3])];
      const plain = answer(model, []);
      assert.deepEqual(plain.logits, expected);
      assert.deepEqual(plain.gradient, [0, 0, 0, 0]);
      const through = answer(model, ['stepped']);
      assert.deepEqual(through.logits, expected, 'the answer stays');
      assert.deepEqual(through.gradient, [10, 10, 0, 0]);
      model.dispose();
    });

    for (const format of ['savedmodel', 'onnx'] as const) {
      it(`${kind} survives ${format}`, async () => {
        const network = steppedNetwork(kind);
        const own = steppedWeights(network);
        const path = join(folder, `${kind}-${format}${format === 'onnx' ? '.onnx' : ''}`);
        if (format === 'onnx') await exportNetwork('onnx', path, network, own);
        else await saveNetwork(path, network, own);
        const back = await importModel(path);
        const [model, original] = [new Model(back.network, back.weights, 1), modelOf(kind)];
        assert.deepEqual(answer(model, []).logits, answer(original, []).logits);
        const layers = back.network.layers.filter((layer) => layer.kind === 'activation');
        assert.equal(layers.length, 1);
        const { gradient } = answer(model, [layers[0].name]);
        assert.deepEqual(gradient, [10, 10, 0, 0], 'the imported layer can be named');
        for (const one of [model, original]) one.dispose();
      });
    }
  }

  it('is the only kind through which a gradient may pass: one that changes the shape is refused', () => {
    const model = modelOf('round');
    assert.throws(() => model.classifier('stepped', ['flat']), {
      code: 'bad-plan',
      message: /passes through flat .* makes 4 of 2 x 2 x 1/,
    });
    model.dispose();
  });
});

describe('an evaluation through a layer', () => {
  /** Images brighter above (class 0) or below. */
  const data: Dataset = datasetOf({
    name: 'rows/test',
    shape: [2, 2, 1],
    classes: 2,
    labels: Uint8Array.from({ length: 20 }, (_, i) => i % 2),
    images: Uint8Array.from({ length: 80 }, (_, at) => {
      const [label, row] = [Math.floor(at / 4) % 2, Math.floor((at % 4) / 2)];
      return label === row ? 170 : 110;
    }),
  });
  const measure = (bpda: readonly string[]): Promise<EvaluationRecord> =>
    evaluate({
      models: [join(folder, 'model')],
      data: { test: data, source: 'rows' },
      attacks: [planAttack(attackNamed('pgd'), { eps: 0.2, loss: 'margin' })],
      samples: 20,
      bpda,
    });
  before(async () => {
    const network = steppedNetwork();
    await saveModel(join(folder, 'model'), network, 1, steppedWeights(network), HANDMADE_CARD);
  });

  it('breaks what an attack without gradients does not, and the record says how', async () => {
    const blind = await measure([]);
    assert.equal(blind.models[0].accuracy.rate, 1);
    assert.equal(blind.models[0].gradients[0].zero.rate, 1);
    assert.equal(blind.models[0].bpda, undefined);
    assert.ok(blind.attacks[0].robust.rate > 0.5, `${blind.attacks[0].robust.rate}`);
    const through = await measure(['stepped']);
    assert.deepEqual(through.models[0].bpda, ['stepped']);
    assert.equal(through.models[0].gradients[3].zero.rate, 0);
    assert.equal(through.attacks[0].robust.rate, 0);
    const [{ request }] = blind.verdicts;
    assert.ok(request);
    const command = evaluateCommand({ ...request, bpda: ['stepped', 'a b'] });
    assert.match(command, / --bpda stepped 'a b'$/);
  });

  it('refuses a layer that no model has', async () => {
    await assert.rejects(measure(['stepped', 'missing']), {
      code: 'bad-plan',
      message: 'no model here has a layer named missing',
    });
  });
});

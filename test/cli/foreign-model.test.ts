import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readForeignModel } from '../../src/cli/foreign-model.ts';
import type { ImportOptionFlags } from '../../src/cli/import-options.ts';
import { makeDataset } from '../../src/data/dataset.ts';
import type { TestData } from '../../src/data/index.ts';
import { startEngine } from '../../src/engine/index.ts';
import { exportNetwork, type Network, type Weight } from '../../src/models/index.ts';

/** Images of 5 x 5 pixels that are all dark or all bright: two classes. */
function data(side = 5): TestData {
  const labels = Uint8Array.from({ length: 80 }, (_, i) => i % 2);
  const images = Uint8Array.from({ length: 80 * side * side }, (_, i) =>
    labels[Math.floor(i / (side * side))] ? 200 : 40,
  );
  const all = makeDataset('two', [side, side, 1], 2, images, labels);
  return { source: 'two', train: all, validation: all, test: all, notes: [] };
}

/** Bright where the pixels add up to more than the middle of pixels from 0 to 255. */
const NETWORK: Network = {
  architecture: 'sum',
  inputShape: [5, 5, 1],
  classes: 2,
  layers: [
    { kind: 'flatten', name: 'flatten' },
    { kind: 'dense', name: 'logits', units: 2, bias: true, activation: 'linear' },
  ],
};
const spec = { layer: 'logits', fanIn: 25, fanOut: 2 };
const WEIGHTS: Weight[] = [
  {
    spec: { ...spec, name: 'logits/kernel', shape: [25, 2], role: 'kernel' },
    values: Float32Array.from({ length: 50 }, (_, i) => i % 2),
  },
  {
    spec: { ...spec, name: 'logits/bias', shape: [2], role: 'bias' },
    values: Float32Array.of(25 * 127, 0),
  },
];

describe('a model of another program', () => {
  let folder: string;
  let source: string;
  before(async () => {
    await startEngine('cpu');
    folder = await mkdtemp(join(tmpdir(), 'foreign-'));
    source = join(folder, 'sum.onnx');
    await exportNetwork('onnx', source, NETWORK, WEIGHTS);
  });
  after(() => rm(folder, { recursive: true }));

  async function read(flags: Partial<ImportOptionFlags>, splits = data()) {
    const notes: string[] = [];
    const warnings: string[] = [];
    const terminal = {
      note: (text: string) => notes.push(text),
      warn: (text: string) => warnings.push(text),
    };
    const load = () => Promise.resolve(splits);
    const model = await readForeignModel(source, { temperature: 1, ...flags }, load, terminal);
    return { ...model, notes, warnings };
  }

  it('is refused where another pixel range is significantly better, which is named', async () => {
    await assert.rejects(read({}), {
      code: 'bad-input-range',
      message:
        'with pixels from 0 to 1 the model is right on 50.0 % of 80 images, and on 100.0 % with 0 to 255',
      hint: 'import it with --input-range 0,255, or with --input-range auto',
    });
  });

  it('gets the range that fits with auto, and says so', async () => {
    const { origin, warnings, notes, imported } = await read({ inputRange: 'auto' });
    assert.deepEqual(origin, {
      source: 'sum.onnx',
      format: 'onnx',
      pixelRange: { scaling: '0 to 255', basis: 'tried' },
    });
    assert.deepEqual(warnings, []);
    assert.match(notes.join(), /0 to 255, right on 100.0 % of 80 images/);
    assert.equal(imported.network.layers[0].kind, 'affine');
  });

  it('keeps a stated range, and warns where another one fits better', async () => {
    const right = await read({ inputRange: [0, 255] });
    assert.deepEqual([right.origin.pixelRange.basis, right.warnings], ['tried', []]);
    const wrong = await read({ mean: [0.5], std: [0.5] });
    assert.deepEqual(wrong.origin.pixelRange, {
      scaling: 'mean 0.5 and standard deviation 0.5',
      basis: 'stated',
    });
    assert.match(wrong.warnings.join(), /0 to 255 fits better: right on 100.0 %/);
    await assert.rejects(read({ mean: [0.5] }), { message: '--mean and --std go together' });
  });

  it('is unchecked without images that it takes, loudly', async () => {
    const assumed = await read({}, data(6));
    assert.equal(assumed.origin.pixelRange.basis, 'assumed');
    assert.equal(assumed.trials, undefined);
    assert.match(assumed.warnings[0], /takes images of 5 x 5 x 1 in 2 classes, not 6 x 6 x 1/);
    assert.match(assumed.warnings[1], /THE PIXEL RANGE IS UNCHECKED/);
    const stated = await read({ inputRange: [0, 255] }, data(6));
    assert.deepEqual([stated.origin.pixelRange.basis, stated.warnings.length], ['stated', 1]);
    await assert.rejects(read({ inputRange: 'auto' }, data(6)), /no images to find/);
  });

  it('is unchecked too where no range makes it better than chance', async () => {
    const swapped = data();
    const labels = swapped.test.labels.map((_, i) => (i >> 1) % 2);
    const test = makeDataset('two', [5, 5, 1], 2, swapped.test.images, labels);
    const { origin, warnings } = await read({}, { ...swapped, test });
    assert.equal(origin.pixelRange.basis, 'assumed');
    assert.match(warnings.join(), /little better than chance.*THE PIXEL RANGE IS UNCHECKED/);
  });
});

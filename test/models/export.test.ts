import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { unzipSync } from 'fflate';
import { startEngine } from '../../src/engine/index.ts';
import { UserError } from '../../src/errors.ts';
import { encodeHdf5 } from '../../src/models/export/hdf5.ts';
import {
  buildNetwork,
  exportNetwork,
  importModel,
  Model,
  type Network,
  type Weight,
} from '../../src/models/index.ts';
import { saveNetwork } from '../../src/models/saved-network.ts';
import { decodeNpy } from '../../src/storage/index.ts';
import { attentionNetwork } from './attention-network.ts';
import { randomPixels, randomWeights, richNetwork } from './rich-network.ts';

let folder: string;
before(() => startEngine('cpu'));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'export-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const weights = randomWeights(richNetwork);

function logits(network: Network, own: readonly Weight[], pixels: Float32Array): number[] {
  const model = new Model(network, own, 1);
  const size = network.inputShape.reduce((a, b) => a * b, 1);
  const shape = [pixels.length / size, ...network.inputShape] as [number, number, number, number];
  const values = tf.tidy(() => Array.from(model.logits(tf.tensor4d(pixels, shape)).dataSync()));
  model.dispose();
  return values;
}

/** Every format says the same function: out and back in again, it gives the same logits. */
const write = {
  savedmodel: async (path: string, network: Network, own: readonly Weight[]) => {
    await saveNetwork(path, network, own);
    return path;
  },
  tfjs: async (path: string, network: Network, own: readonly Weight[]) => {
    await exportNetwork('tfjs', join(path, 'tfjs'), network, own);
    return join(path, 'tfjs');
  },
  onnx: async (path: string, network: Network, own: readonly Weight[]) => {
    await exportNetwork('onnx', join(path, 'model.onnx'), network, own);
    return join(path, 'model.onnx');
  },
};
const rounds = [
  [richNetwork, 'savedmodel'],
  [richNetwork, 'tfjs'],
  [richNetwork, 'onnx'],
  [attentionNetwork, 'savedmodel'],
  [attentionNetwork, 'onnx'],
] as const;

for (const [network, format] of rounds) {
  test(`the ${network.architecture} network survives ${format}`, async () => {
    const own = randomWeights(network);
    const path = await write[format](folder, network, own);
    const back = await importModel(path);
    assert.equal(back.format, format);
    assert.deepEqual(back.network.inputShape, network.inputShape);
    const pixels = randomPixels(network, 3);
    const expected = logits(network, own, pixels);
    const largest = Math.max(...expected.map(Math.abs));
    logits(back.network, back.weights, pixels).forEach((value, i) => {
      assert.ok(Math.abs(value - expected[i]) <= 1e-5 * largest, `${value} for ${expected[i]}`);
    });
  });
}

test('the same network gives the same bytes in every format', async () => {
  for (const format of ['onnx', 'keras', 'npz'] as const) {
    const [first, second] = ['a', 'b'].map((name) => join(folder, `${name}.${format}`));
    await exportNetwork(format, first, richNetwork, weights).catch(() => {});
    await exportNetwork(format, second, richNetwork, weights).catch(() => {});
    assert.deepEqual(readFileSync(second), readFileSync(first));
  }
});

test('npz holds every weight under its name', async () => {
  const path = join(folder, 'weights.npz');
  await exportNetwork('npz', path, richNetwork, weights);
  const files = unzipSync(readFileSync(path));
  assert.deepEqual(
    Object.entries(files).map(([name, bytes]) => ({ name, ...decodeNpy(bytes) })),
    weights.map(({ spec, values }) => ({ name: `${spec.name}.npy`, values, shape: spec.shape })),
  );
});

test('a folder that holds other files is not replaced', async () => {
  writeFileSync(join(folder, 'precious.txt'), '');
  await assert.rejects(exportNetwork('tfjs', folder, richNetwork, weights), UserError);
  assert.deepEqual(readdirSync(folder), ['precious.txt']);
});

test('Keras is told which layer it lacks a counterpart of', async () => {
  const out = join(folder, 'model.keras');
  const own = randomWeights(attentionNetwork);
  await assert.rejects(
    exportNetwork('keras', out, attentionNetwork, own),
    /mean \(reduce\) has no counterpart in Keras/,
  );
});

test('a layer that Keras cannot say is named', async () => {
  const network: Network = {
    ...buildNetwork('cnn', [28, 28, 1], 10),
    architecture: 'padded-pool',
    layers: [
      {
        kind: 'max-pool',
        name: 'pool1',
        size: [2, 2],
        strides: [2, 2],
        padding: [
          [1, 1],
          [1, 1],
        ],
      },
      { kind: 'flatten', name: 'flatten' },
      { kind: 'dense', name: 'logits', units: 10, bias: true, activation: 'linear' },
    ],
  };
  const out = join(folder, 'model.keras');
  await assert.rejects(
    exportNetwork('keras', out, network, randomWeights(network)),
    /pool1 \(max-pool\) has no counterpart/,
  );
});

// Other readers of this file are in the interop script; here, what the format's document says.
test('an HDF5 file leads from its superblock to its values', () => {
  const values = Float32Array.of(1, 2, 3, 4, 5, 6);
  const file = Buffer.from(encodeHdf5([{ path: 'layers/dense/vars/0', shape: [2, 3], values }]));
  const address = (at: number) => Number(file.readBigUInt64LE(at));
  assert.equal(file.toString('latin1', 0, 8), '\x89HDF\r\n\x1a\n');
  assert.equal(address(40), file.length, 'end of file');
  let heap = address(88);
  let tree = address(80);
  let header = 0;
  for (const name of ['layers', 'dense', 'vars', '0']) {
    assert.equal(file.toString('latin1', heap, heap + 4), 'HEAP');
    assert.equal(file.toString('latin1', tree, tree + 4), 'TREE');
    const table = address(tree + 32);
    assert.equal(file.toString('latin1', table, table + 4), 'SNOD');
    const text = address(heap + 24) + address(table + 8);
    assert.equal(file.toString('latin1', text, text + name.length + 1), `${name}\0`);
    header = address(table + 16);
    [tree, heap] = [address(table + 32), address(table + 40)];
  }
  const layout = file.indexOf(Buffer.from([0x08, 0, 0x18, 0]), header) + 8;
  assert.deepEqual([...file.subarray(layout, layout + 2)], [3, 1]);
  const data = address(layout + 2);
  assert.equal(address(layout + 10), 24);
  assert.deepEqual(new Float32Array(new Uint8Array(file.subarray(data, data + 24)).buffer), values);
});

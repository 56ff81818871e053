import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { RandomStream } from '../../src/engine/index.ts';
import { buildNetwork, initialWeights } from '../../src/models/index.ts';
import { loadNetwork, saveNetwork } from '../../src/models/saved-network.ts';
import { readSavedModel } from '../../src/savedmodel/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'network-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const network = buildNetwork('cnn', [28, 28, 1], 10);
const weights = initialWeights(network, 1, new RandomStream(1, 'test'));

function bytesOf(root: string): Map<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true });
  return new Map(
    files
      .filter((file) => file.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [path.slice(root.length), readFileSync(path, 'base64')] as const)
      .sort(),
  );
}

test('save, load, save: weights are bit-identical and so are the files', async () => {
  const copy = join(folder, 'copy');
  const first = join(folder, 'first');
  mkdirSync(copy);
  mkdirSync(first);
  await saveNetwork(first, network, weights);
  const loaded = await loadNetwork(first, network);
  assert.deepEqual(loaded, weights);
  await saveNetwork(copy, network, loaded);
  assert.deepEqual(bytesOf(copy), bytesOf(first));
  assert.deepEqual(
    [...bytesOf(first).keys()],
    ['/saved_model.pb', '/variables/variables.data-00000-of-00001', '/variables/variables.index'],
  );
});

test('the graph has both signatures, and restores every weight from the bundle', async () => {
  await saveNetwork(folder, network, weights);
  const { graphDef, signatureDef, saverDef } = readSavedModel(folder);
  assert.deepEqual(Object.keys(signatureDef.serving_default.inputs), ['image']);
  assert.deepEqual(Object.keys(signatureDef.serving_default.outputs).sort(), [
    'class',
    'logits',
    'probabilities',
  ]);
  assert.deepEqual(Object.keys(signatureDef.soft_labels.inputs), ['image', 'temperature']);
  const nodes = new Map(graphDef?.node.map((node) => [node.name, node]));
  const restored = nodes
    .get(saverDef?.restoreOpName ?? '')
    ?.input.map((assignment) => nodes.get(assignment.slice(1))?.input[0]);
  assert.deepEqual(
    restored,
    weights.map(({ spec }) => spec.name),
  );
  for (const node of nodes.values()) {
    for (const input of node.input) {
      assert.ok(nodes.has(input.replace(/^\^|:\d+$/g, '')), `${node.name} reads ${input}`);
    }
  }
});

test('a bundle of another network is refused, and the message names the tensor', async () => {
  await saveNetwork(folder, network, weights);
  const other = buildNetwork('cnn', [28, 28, 1], 12);
  await assert.rejects(loadNetwork(folder, other), /"logits\/kernel" is float \[128,10\].*128,12/);
  const deeper = buildNetwork('papernot-mnist', [28, 28, 1], 10);
  await assert.rejects(loadNetwork(folder, deeper), /no tensor|another|needs float/);
  const smaller = { ...network, layers: network.layers.slice(0, 5), classes: 1600 };
  await assert.rejects(loadNetwork(folder, smaller), /"dense1\/bias" that the network lacks/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RandomStream } from '../../src/engine/index.ts';
import { buildNetwork, initialWeights } from '../../src/models/index.ts';

test("papernot-cifar is the paper's network on 32 x 32 x 3 images", () => {
  const network = buildNetwork('papernot-cifar', [32, 32, 3], 10);
  const sizes = initialWeights(network, 1, new RandomStream(1, 'cifar')).map(
    ({ values }) => values.length,
  );
  // Without padding, two convolutions and a pool make 32 x 32 into 14 x 14 and then 5 x 5.
  const expected = [
    [9 * 3 * 64, 64],
    [9 * 64 * 64, 64],
    [9 * 64 * 128, 128],
    [9 * 128 * 128, 128],
    [5 * 5 * 128 * 256, 256],
    [256 * 256, 256],
    [256 * 10, 10],
  ];
  assert.deepEqual(sizes, expected.flat());
});

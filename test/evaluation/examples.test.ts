import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cleanLogits,
  GAP_FROM,
  GAP_TO,
  gapHistogram,
  logitGaps,
  packImages,
  unpackImages,
} from '../../src/evaluation/index.ts';
import { rescaled, smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';

test('packed images come back as the bytes they were', () => {
  const values = Float32Array.from({ length: 3 * 784 }, (_, i) => (i % 256) / 255);
  const bytes = unpackImages(packImages(values), values.length);
  assert.deepEqual(
    bytes,
    Uint8Array.from(values, (_, i) => i % 256),
  );
});

test('packed images of another size, or none at all, are refused', () => {
  const packed = packImages(new Float32Array(784));
  for (const [text, length] of [
    [packed, 783],
    [packed, 785],
    [packed.slice(0, 8), 784],
    ['no base64 \u0000', 784],
    ['', 784],
  ] as const) {
    assert.throws(() => unpackImages(text, length), { code: 'bad-record' });
  }
});

test('logits x 32 move every gap up by five doublings', async () => {
  const model = smallNetwork(25, 6, 4);
  const dataset = await datasetFor(model, 50);
  const positions = Array.from({ length: 50 }, (_, i) => i);
  const [plain, scaled] = await Promise.all(
    [16, 512].map(async (factor) =>
      gapHistogram(
        logitGaps(await cleanLogits(rescaled(model, factor), dataset, positions), model.classes),
      ),
    ),
  );
  assert.equal(plain.length, GAP_TO - GAP_FROM + 1);
  assert.equal(plain[0], 0);
  assert.deepEqual(scaled, [...new Array(10).fill(0), ...plain.slice(0, -10)]);
});

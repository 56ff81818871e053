import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOSSES } from '../../src/attacks/index.ts';
import { magnitudeHistogram, measureGradients } from '../../src/evaluation/index.ts';
import { linearClassifier, randomAffine, rescaled } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';

const plain = linearClassifier(randomAffine(16, 5, 2, 0.3));
const dataset = await datasetFor(plain, 80);
const positions = Array.from({ length: 80 }, (_, i) => i);

async function measure(scale: number) {
  const summaries = await measureGradients(rescaled(plain, scale), dataset, positions);
  return Object.fromEntries(summaries.map((summary) => [summary.loss, summary]));
}

test('an undistilled model has gradients in every loss, with the right signs', async () => {
  const summaries = await measure(1);
  for (const loss of LOSSES) {
    assert.equal(summaries[loss].zero.hits, 0, loss);
    assert.ok(summaries[loss].wrongSigns.rate < 0.01, loss);
    assert.equal(
      magnitudeHistogram(summaries[loss].largest).reduce((a, b) => a + b),
      80,
    );
    const wrong = summaries[loss].wrongPixels.reduce((a, b) => a + b);
    assert.equal(wrong, summaries[loss].wrongSigns.hits, loss);
  }
});

test('logits x 1000 take the gradient from softmax and the signs from logits, and leave the rest', async () => {
  const summaries = await measure(1000);
  assert.ok(summaries.softmax.zero.rate > 0.9);
  assert.ok(summaries.logits.wrongSigns.rate > 0.5);
  for (const loss of ['temperature', 'margin', 'dlr']) {
    assert.equal(summaries[loss].zero.hits, 0, loss);
    assert.ok(summaries[loss].wrongSigns.rate < 0.01, loss);
  }
});

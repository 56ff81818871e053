import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanLogits, predictedClasses, summarizeAccuracy } from '../../src/evaluation/index.ts';
import { linearClassifier, randomAffine } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';

test('accuracy, classes and confusion of known answers', () => {
  const { accuracy, perClass, confusion } = summarizeAccuracy([0, 1, 1, 2], [0, 0, 1, 2], 4);
  assert.deepEqual([accuracy.hits, accuracy.total, accuracy.rate], [3, 4, 0.75]);
  assert.deepEqual(
    perClass.map(({ hits, total }) => [hits, total]),
    [
      [1, 2],
      [1, 1],
      [1, 1],
      [0, 0],
    ],
  );
  assert.deepEqual(confusion[0], [1, 1, 0, 0]);
});

test('clean logits go over batches and follow the positions given', async () => {
  const model = linearClassifier(randomAffine(8, 3, 5));
  const dataset = await datasetFor(model, 600);
  const positions = Array.from({ length: 600 }, (_, i) => 599 - i);
  const steps: number[] = [];
  const logits = await cleanLogits(model, dataset, positions, (count) => steps.push(count));
  assert.deepEqual(
    predictedClasses(logits, model.classes),
    positions.map((position) => dataset.labels[position]),
  );
  assert.deepEqual(steps, [256, 256, 88]);
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeModel, describeSoftLabels } from '../../src/cli/training.ts';
import type { ModelCard } from '../../src/models/index.ts';
import type { SoftLabelsCard } from '../../src/training/index.ts';

it('a trained model is described by its role, temperature, epochs and last accuracy', () => {
  const epoch = { epoch: 1, loss: 1, trainAccuracy: 0.5, learningRate: 0.1, seconds: 1 };
  const history = [0.5, 0.9876].map((validationAccuracy) => ({ ...epoch, validationAccuracy }));
  const card = { role: 'student', temperature: 40, history } as unknown as ModelCard;
  assert.equal(
    describeModel(card, 'models/x'),
    'student trained at T = 40 in 2 epochs, validation accuracy 98.76 %: models/x',
  );
  assert.equal(
    describeModel({ ...card, history: [] }, 'models/x'),
    'student trained at T = 40 in 0 epochs: models/x',
  );
});

it('soft labels are described by their images, copies and entropy', () => {
  const card = {
    data: { count: 55000 },
    noise: { copies: 1 },
    temperature: 40,
    meanEntropy: 0.02345,
    classes: 10,
  } as unknown as SoftLabelsCard;
  assert.equal(
    describeSoftLabels(card, 'data/x'),
    'soft labels at T = 40 of 55,000 images and 1 noisy copy of each, mean entropy 0.0234 of at most 2.30 nats: data/x',
  );
});

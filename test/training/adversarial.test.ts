import assert from 'node:assert/strict';
import { test } from 'node:test';
import { row } from '../../src/arrays.ts';
import { isWithin, Oracle } from '../../src/attacks/index.ts';
import { RandomStream, startEngine } from '../../src/engine/index.ts';
import { initialWeights, Model, type Network } from '../../src/models/index.ts';
import { adversarialImages } from '../../src/training/adversarial.ts';

await startEngine('cpu');

const network: Network = {
  architecture: 'test',
  inputShape: [4, 4, 1],
  classes: 3,
  layers: [
    { name: 'flatten', kind: 'flatten' },
    { name: 'dense', kind: 'dense', units: 3, bias: true, activation: 'linear' },
  ],
};
const stream = new RandomStream(1, 'test');
const model = new Model(network, initialWeights(network, 1, stream), 1);
const images = Float32Array.from({ length: 6 * 16 }, () => stream.uniform());
const labels = Int32Array.of(0, 1, 2, 0, 1, 2);

function attacked(steps: number, progress: number): Promise<Float32Array> {
  const perturb = adversarialImages({ eps: 0.2, steps });
  return perturb({
    model,
    images,
    labels,
    targets: new Float32Array(18),
    progress,
    stream: stream.child('step'),
  });
}

const changes = (moved: Float32Array) => moved.map((value, i) => Math.abs(value - images[i]));

test('attacked training images stay inside the budget and use it', async () => {
  for (const steps of [1, 7]) {
    const moved = await attacked(steps, 0.9);
    for (let i = 0; i < 6; i++) {
      assert.ok(isWithin({ norm: 'Linf', eps: 0.2 }, row(images, i, 16), row(moved, i, 16)));
    }
    assert.ok(Math.max(...changes(moved)) > 0.199);
    assert.deepEqual(await attacked(steps, 0.9), moved);
  }
});

test('the budget grows over the first fifth of the training', async () => {
  assert.ok(Math.max(...changes(await attacked(3, 0))) < 1e-6);
  assert.ok(Math.abs(Math.max(...changes(await attacked(3, 0.1))) - 0.1) < 1e-6);
  assert.ok(Math.abs(Math.max(...changes(await attacked(3, 0.2))) - 0.2) < 1e-6);
});

test('attacked images have a higher loss than clean ones: every example is further from right', async () => {
  const moved = await attacked(5, 1);
  const oracle = model.classifier('test');
  const margin = (batch: Float32Array) => {
    const logits = batch.length / 16;
    const margins = Array.from({ length: logits }, async (_, i) => {
      const z = await classScores(oracle, row(batch, i, 16));
      return z[labels[i]] - Math.max(...z.filter((_, c) => c !== labels[i]));
    });
    return Promise.all(margins);
  };
  const [clean, worse] = [await margin(images), await margin(moved)];
  for (let i = 0; i < 6; i++) assert.ok(worse[i] < clean[i]);
});

async function classScores(
  classifier: ReturnType<Model['classifier']>,
  image: Float32Array,
): Promise<number[]> {
  return [...(await new Oracle(classifier).logits(image))];
}

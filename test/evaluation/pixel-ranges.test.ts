import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { makeDataset } from '../../src/data/dataset.ts';
import { type Dataset, imagesAsFloats } from '../../src/data/index.ts';
import { RandomStream, startEngine } from '../../src/engine/index.ts';
import { tryPixelRanges } from '../../src/evaluation/index.ts';
import { factorsOf, Model, type PixelScaling } from '../../src/models/index.ts';

before(() => startEngine('cpu'));

const SIDE = 4;

/** Images of one gray each in a noise of few levels, in classes of their gray. */
function grays(channels: number, count = 600): Dataset {
  const stream = new RandomStream(1, 'grays');
  const labels = Uint8Array.from({ length: count }, () => stream.integer(4));
  const size = SIDE * SIDE * channels;
  const images = Uint8Array.from({ length: count * size }, (_, i) => {
    const label = labels[Math.floor(i / size)];
    return 20 + 70 * label + stream.integer(20);
  });
  return makeDataset('grays', [SIDE, SIDE, channels], 4, images, labels);
}

/** A model that knows the four grays, for pixels in this scaling: nearest mean, as a linear model. */
function knows(scaling: PixelScaling, channels: number): Model {
  const size = SIDE * SIDE * channels;
  const { scale, offset } = factorsOf(scaling, channels);
  const kernel = new Float32Array(size * 4);
  const bias = new Float32Array(4);
  for (let i = 0; i < size; i++) {
    const c = i % channels;
    for (let k = 0; k < 4; k++) {
      const mean = ((30 + 70 * k) / 255) * (scale[c] ?? scale[0]) + (offset[c] ?? offset[0]);
      kernel[i * 4 + k] = mean;
      bias[k] -= (mean * mean) / 2;
    }
  }
  const spec = { layer: 'logits', fanIn: size, fanOut: 4 };
  return new Model(
    {
      architecture: 'means',
      inputShape: [SIDE, SIDE, channels],
      classes: 4,
      layers: [
        { kind: 'flatten', name: 'flatten' },
        { kind: 'dense', name: 'logits', units: 4, bias: true, activation: 'linear' },
      ],
    },
    [
      {
        spec: { ...spec, name: 'logits/kernel', shape: [size, 4], role: 'kernel' },
        values: kernel,
      },
      { spec: { ...spec, name: 'logits/bias', shape: [4], role: 'bias' }, values: bias },
    ],
    1,
  );
}

const USUAL: readonly [PixelScaling, channels: number][] = [
  [{ inputRange: [0, 255] }, 1],
  [{ inputRange: [-1, 1] }, 1],
  [{ inputRange: [1, 0] }, 1],
  [{ normalization: { mean: [0.1307], std: [0.3081] } }, 1],
  [{ normalization: { mean: [0.286], std: [0.353] } }, 1],
  [{ normalization: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] } }, 3],
  [{ normalization: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } }, 3],
];

test('every usual scaling is found on the data, with all others tried', async () => {
  for (const [scaling, channels] of USUAL) {
    const images = grays(channels);
    const model = knows(scaling, channels);
    const trials = await tryPixelRanges(model, {}, images, images);
    assert.deepEqual(
      [trials.finding, trials.best.scaling],
      ['other', scaling],
      JSON.stringify(scaling),
    );
    assert.ok(trials.best.accuracy === 1 && trials.p < 1e-6 && trials.given.accuracy < 1);
    // Stated right, it is not contradicted.
    const stated = await tryPixelRanges(model, scaling, images, images);
    assert.deepEqual([stated.finding, stated.given.accuracy], ['given', 1]);
    model.dispose();
  }
});

test("mean and deviation of the model's own training images are tried too", async () => {
  const images = grays(1);
  const values = imagesAsFloats(
    images,
    Array.from({ length: images.count }, (_, i) => i),
  );
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  const own = { normalization: { mean: [Number(mean.toFixed(4))], std: [Number(std.toFixed(4))] } };
  const model = knows(own, 1);
  assert.deepEqual((await tryPixelRanges(model, {}, images, images)).best.scaling, own);
  model.dispose();
});

test('a model for pixels from 0 to 1 keeps them; one for other images shows nothing', async () => {
  const images = grays(1);
  const model = knows({}, 1);
  const trials = await tryPixelRanges(model, {}, images, images);
  assert.deepEqual([trials.finding, trials.given.accuracy, trials.images], ['given', 1, 600]);
  const labels = Uint8Array.from(images.labels, (_, i) => (i * 7) % 4);
  const others = makeDataset('others', images.shape, 4, images.images, labels);
  assert.equal((await tryPixelRanges(model, {}, others, others)).finding, 'unclear');
  model.dispose();
});

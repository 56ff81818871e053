/** Bounds in training against those of `certify`, and losses against PyTorch (`bench/peers/certified_losses.py`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {
  imageBox,
  intervalBounds,
  lowerBounds,
  lowerNetwork,
  Relaxation,
} from '../../src/certification/index.ts';
import { marginObjective } from '../../src/certification/margins.ts';
import { RandomStream } from '../../src/engine/index.ts';
import { UserError } from '../../src/errors.ts';
import { startEngine } from '../../src/library/index.ts';
import {
  buildNetwork,
  type Logits,
  Model,
  type Network,
  weightSpecs,
} from '../../src/models/index.ts';
import {
  certifiedObjective,
  certifiedPhase,
  certifiedRateAt,
  intervalWeights,
  rampAt,
  trainingEps,
} from '../../src/training/certified.ts';
import { linearShareAt, mixedWorstLogits } from '../../src/training/crown-ibp.ts';
import { crossEntropy, worstLogits } from '../../src/training/index.ts';
import { imageOf, NETWORKS, weightsOf } from '../certification/networks.ts';
import { richNetwork } from '../models/rich-network.ts';

before(() => startEngine('wasm'));

const EPS = 0.05;

/**
 * Compares differences of logits with the bounds of `certify` in float64.
 * @param left nodes that the way back does not reach: with 1, interval bounds
 */
function assertProven(
  network: Network,
  image: Float32Array,
  label: number,
  worst: ArrayLike<number>,
  left?: number,
): void {
  const graph = lowerNetwork(network, weightsOf(network, 1));
  const relaxation = new Relaxation(graph, intervalBounds(graph, imageBox(image, EPS)));
  const until = left === undefined ? undefined : graph.nodes.length - left;
  const proven = lowerBounds(
    relaxation,
    marginObjective(graph, network.classes, label, until),
  ).lower;
  for (const [row, bound] of proven.entries()) {
    const c = row < label ? row : row + 1;
    const off = Math.abs(-worst[c] - bound);
    assert.ok(off < 1e-2 * (1 + Math.abs(bound)), `${network.architecture} ${c}: ${off}`);
  }
}

describe('the worst logits of certified training', () => {
  it('are the interval bounds that certify proves, rounding apart', () => {
    for (const network of [NETWORKS[1], NETWORKS[4], NETWORKS[5]]) {
      const weights = weightsOf(network, 1);
      const model = new Model(network, weights, 1);
      const image = imageOf(network, 1);
      const label = 2;
      const worst = tf.tidy(() => {
        const images = tf.tensor4d(image, [1, ...network.inputShape]);
        return worstLogits(model, boxAround(images, EPS), Int32Array.of(label)).dataSync();
      });
      assertProven(network, image, label, worst, 1);
      model.dispose();
    }
  });

  it('have gradients with respect to every weight', () => {
    const network = buildNetwork('dm-small', [28, 28, 1], 10);
    const model = new Model(network, intervalWeights(network, new RandomStream(1, 'test')), 1);
    tf.tidy(() => {
      const images = tf.tensor4d(imageOf(network, 1), [1, 28, 28, 1]);
      const box = { lower: tf.sub(images, 0.1), upper: tf.add(images, 0.1) };
      const { grads } = tf.variableGrads(
        () => tf.sum(worstLogits(model, box, Int32Array.of(3))) as tf.Scalar,
        [...model.variables.values()],
      );
      for (const [name, gradient] of Object.entries(grads)) {
        const values = gradient.dataSync();
        assert.ok(values.every(Number.isFinite), name);
        if (name.endsWith('kernel'))
          assert.ok(
            values.some((value) => value !== 0),
            name,
          );
      }
    });
    model.dispose();
  });

  it('refuse a layer without interval bounds', () => {
    const model = new Model(richNetwork, weightsOf(richNetwork, 1), 1);
    tf.tidy(() => {
      const images = tf.zeros([1, ...richNetwork.inputShape]);
      assert.throws(
        () => worstLogits(model, { lower: images, upper: images }, Int32Array.of(0)),
        (error: Error) => error instanceof UserError && error.code === 'no-bound',
      );
    });
    model.dispose();
  });
});

interface Case {
  readonly linearShare: number;
  readonly eps: number;
  readonly images: number[][];
  readonly labels: number[];
  readonly worst: number[][];
  readonly loss: number;
  readonly gradients: Record<string, number[]>;
}

const { weights: values, cases }: { weights: Record<string, number[]>; cases: Case[] } = JSON.parse(
  readFileSync(new URL('certified-losses.json', import.meta.url), 'utf8'),
);

/** The network of `bench/peers/certified_losses.py`. */
const convolution = {
  kind: 'conv2d',
  padding: 'valid',
  dilations: [1, 1],
  bias: true,
  activation: 'relu',
} as const;
const SMALL: Network = {
  architecture: 'small',
  inputShape: [6, 6, 1],
  classes: 4,
  layers: [
    { ...convolution, name: 'conv1', filters: 2, kernel: [3, 3], strides: [1, 1] },
    { ...convolution, name: 'conv2', filters: 3, kernel: [2, 2], strides: [2, 2] },
    { kind: 'flatten', name: 'flatten' },
    { kind: 'dense', name: 'dense1', units: 5, bias: true, activation: 'relu' },
    { kind: 'dense', name: 'logits', units: 4, bias: true, activation: 'linear' },
  ],
};

const smallModel = () =>
  new Model(
    SMALL,
    weightSpecs(SMALL).map((spec) => ({ spec, values: Float32Array.from(values[spec.name]) })),
    1,
  );

function assertClose(found: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.equal(found.length, wanted.length, what);
  for (let i = 0; i < found.length; i++) {
    const off = Math.abs(found[i] - wanted[i]);
    assert.ok(off <= 1e-5 * Math.max(1, Math.abs(wanted[i])), `${what} is off by ${off} at ${i}`);
  }
}

const boxAround = (images: tf.Tensor, eps: number) => ({
  lower: tf.clipByValue(tf.sub(images, eps), 0, 1),
  upper: tf.clipByValue(tf.add(images, eps), 0, 1),
});

const imagesOf = ({ images }: Case) => tf.tensor4d(images.flat(), [images.length, 6, 6, 1]);

describe('the losses of certified training against PyTorch', () => {
  for (const one of cases) {
    const { linearShare, eps, loss, worst, gradients } = one;
    it(`have the same values and gradients with a linear share of ${linearShare} at ${eps}`, () => {
      const model = smallModel();
      const labels = Int32Array.from(one.labels);
      tf.tidy(() => {
        const targets = tf.oneHot(tf.tensor1d(labels, 'int32'), 4) as tf.Tensor2D;
        const bounds = () =>
          mixedWorstLogits(model, boxAround(imagesOf(one), eps), labels, linearShare);
        assertClose(bounds().dataSync(), worst.flat(), 'worst');
        const { value, grads } = tf.variableGrads(
          () => crossEntropy(bounds() as Logits, targets, 1),
          [...model.variables.values()],
        );
        assertClose(value.dataSync(), [loss], 'loss');
        for (const [name, variable] of model.variables) {
          assertClose(grads[variable.name].dataSync(), gradients[name], name);
        }
      });
      model.dispose();
    });
  }

  it('are, of sabr, those of the small box around what is shown', () => {
    const [one] = cases;
    const model = smallModel();
    tf.tidy(() => {
      const shown = imagesOf(one);
      const boxShare = one.eps / trainingEps(0.1);
      const goal = { eps: 0.1, loss: 'sabr', share: 0, boxShare } as const;
      const loss = certifiedObjective(goal)({
        ...{ model, shown, images: tf.zerosLike(shown), labels: Int32Array.from(one.labels) },
        targets: tf.oneHot(tf.tensor1d(one.labels, 'int32'), 4) as tf.Tensor2D,
        ...{ logits: model.logits(shown), temperature: 1, progress: 0.8 },
        stream: new RandomStream(1, 'test'),
      });
      assertClose(loss.dataSync(), [one.loss], 'loss');
    });
    model.dispose();
  });
});

describe('the small boxes of sabr', () => {
  const [{ images, labels }] = cases;
  const step = { images: Float32Array.from(images.flat()), labels: Int32Array.from(labels) };
  const centersOf = async (boxShare: number, progress: number): Promise<Float32Array> => {
    const model = smallModel();
    const goal = { eps: 0.1, loss: 'sabr', share: 0, boxShare } as const;
    const stream = new RandomStream(1, 'test');
    const targets = new Float32Array(12);
    const found = await certifiedPhase(goal).perturb?.({
      model,
      ...step,
      targets,
      progress,
      stream,
    });
    model.dispose();
    assert.ok(found);
    return found;
  };
  const reached = (centers: Float32Array) =>
    centers.reduce((most, value, i) => Math.max(most, Math.abs(value - step.images[i])), 0);

  it('stay within the budget, and reach its border', async () => {
    const most = 0.4 * trainingEps(0.1);
    assert.ok(Math.abs(reached(await centersOf(0.6, 1)) - most) < 1e-6);
    assert.ok(Math.abs(reached(await centersOf(0.6, 0.25)) - most / 2) < 1e-6);
  });

  it('are around the images themselves with a share of 1', async () => {
    assert.equal(reached(await centersOf(1, 1)), 0);
  });
});

describe('the linear bounds of CROWN-IBP', () => {
  it('are those that certify proves, rounding apart', () => {
    const network = buildNetwork('dm-small', [28, 28, 1], 10);
    const weights = weightsOf(network, 1);
    const model = new Model(network, weights, 1);
    const image = imageOf(network, 1);
    const label = 2;
    const worst = tf.tidy(() => {
      const box = boxAround(tf.tensor4d(image, [1, 28, 28, 1]), EPS);
      return mixedWorstLogits(model, box, Int32Array.of(label), 1).dataSync();
    });
    assertProven(network, image, label, worst);
    model.dispose();
  });

  it('end at a pool, and contain what the network answers', () => {
    const network = buildNetwork('cnn', [28, 28, 1], 10);
    const model = new Model(network, weightsOf(network, 1), 1);
    const label = 3;
    const image = imageOf(network, 1);
    tf.tidy(() => {
      const images = tf.tensor4d(image, [1, 28, 28, 1]);
      const box = boxAround(images, EPS);
      const worst = mixedWorstLogits(model, box, Int32Array.of(label), 1).dataSync();
      const noise = tf.randomUniform([64, 28, 28, 1], 0, 1, 'float32', 1);
      const inside = tf.add(box.lower, tf.mul(tf.sub(box.upper, box.lower), tf.round(noise)));
      const logits = model.logits(inside as tf.Tensor4D);
      const gaps = tf.sub(logits, tf.slice(logits, [0, label], [64, 1]));
      const most = tf.max(gaps, 0).dataSync();
      for (let c = 0; c < 10; c++) assert.ok(most[c] <= worst[c] + 1e-5, `${c}`);
    });
    model.dispose();
  });

  it('give way to interval bounds while the budget grows', () => {
    assert.deepEqual([0, 0.25, 1].map(linearShareAt), [1, 0.75, 0]);
  });
});

describe('the schedule of certified training', () => {
  it('brings the budget in over the first half and then lowers the rate', () => {
    assert.deepEqual([0, 0.25, 0.5, 0.9].map(rampAt), [0, 0.5, 1, 1]);
    assert.deepEqual([0, 0.02, 0.5].map(certifiedRateAt), [0, 1, 1]);
    assert.ok(certifiedRateAt(0.75) < 0.51 && certifiedRateAt(0.999) < 0.001);
    assert.ok(Math.abs(trainingEps(0.1) - 0.15) < 1e-12);
    assert.ok(Math.abs(trainingEps(0.3) - 0.35) < 1e-12);
    assert.ok(Math.abs(trainingEps(0.01) - 0.015) < 1e-12);
    assert.equal(trainingEps(1), 1);
  });
});

it('dm-small has as many parameters as published', () => {
  const specs = weightSpecs(buildNetwork('dm-small', [28, 28, 1], 10));
  const parameters = specs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  assert.equal(parameters, 16 * 17 + 32 * 257 + (32 * 100 + 1) * 100 + 1010);
});

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {
  imageBox,
  intervalBounds,
  lowerBounds,
  lowerNetwork,
  Relaxation,
} from '../../src/certification/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import { UserError } from '../../src/errors.ts';
import { startEngine } from '../../src/library/index.ts';
import { buildNetwork, Model, weightSpecs } from '../../src/models/index.ts';
import {
  certifiedRateAt,
  intervalWeights,
  rampAt,
  trainingEps,
} from '../../src/training/certified.ts';
import { worstLogits } from '../../src/training/index.ts';
import { imageOf, NETWORKS, weightsOf } from '../certification/networks.ts';
import { richNetwork } from '../models/rich-network.ts';

before(() => startEngine('wasm'));

const EPS = 0.05;

describe('the worst logits of certified training', () => {
  it('are the interval bounds that certify proves, rounding apart', () => {
    for (const network of [NETWORKS[1], NETWORKS[4], NETWORKS[5]]) {
      const weights = weightsOf(network, 1);
      const model = new Model(network, weights, 1);
      const image = imageOf(network, 1);
      const { classes } = network;
      const label = 2;
      const worst = tf.tidy(() => {
        const images = tf.tensor4d(image, [1, ...network.inputShape]);
        const box = {
          lower: tf.clipByValue(tf.sub(images, EPS), 0, 1),
          upper: tf.clipByValue(tf.add(images, EPS), 0, 1),
        };
        return worstLogits(model, box, Int32Array.of(label)).dataSync();
      });
      const graph = lowerNetwork(network, weights);
      const boxes = intervalBounds(graph, imageBox(image, EPS));
      for (let c = 0; c < classes; c++) {
        const coefficients = new Float64Array(classes);
        coefficients[label] += 1;
        coefficients[c] -= 1;
        const [proven] = lowerBounds(new Relaxation(graph, boxes), {
          node: graph.nodes.length,
          until: graph.nodes.length - 1,
          rows: 1,
          coefficients,
        }).lower;
        const off = Math.abs(-worst[c] - proven);
        assert.ok(off < 1e-2 * (1 + Math.abs(proven)), `${network.architecture} ${c}: ${off}`);
      }
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

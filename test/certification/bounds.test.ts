/** Bounds against closed forms and against loops in float64 that know nothing of operations. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { crownBounds } from '../../src/certification/crown.ts';
import type { Graph } from '../../src/certification/graph.ts';
import {
  imageBox,
  intervalBounds,
  lowerBounds,
  lowerNetwork,
  Relaxation,
} from '../../src/certification/index.ts';
import { intervalMargin, linearMargin } from '../../src/certification/margins.ts';
import type { Box } from '../../src/certification/operations/operation.ts';
import { gamma } from '../../src/certification/rounding.ts';
import { UserError } from '../../src/errors.ts';
import type { Network, Weight } from '../../src/models/index.ts';
import { attentionNetwork } from '../models/attention-network.ts';
import { randomWeights, richNetwork } from '../models/rich-network.ts';
import { imageOf, NETWORKS, weightsOf } from './networks.ts';

const mlp = NETWORKS[4];

const values = (weights: readonly Weight[], name: string) => {
  const found = weights.find(({ spec }) => spec.name === name);
  assert.ok(found, name);
  return found.values;
};

/** CROWN with the slopes that leave the smaller area, for a dense network with two hidden layers. */
function referenceCrown(weights: readonly Weight[], low: number[], high: number[], row: number[]) {
  const layers = ['dense1', 'dense2', 'logits'].map((name) => {
    const bias = Array.from(values(weights, `${name}/bias`));
    const kernel = values(weights, `${name}/kernel`);
    const W = bias.map((_, o) =>
      Array.from({ length: kernel.length / bias.length }, (_, i) => kernel[i * bias.length + o]),
    );
    return { W, bias };
  });
  const bounds: { l: number[]; u: number[] }[] = [];
  /** The lower bound of `row . z_k`, where z_k is the k-th layer's output before its ReLU. */
  const lower = (k: number, c: readonly number[]): number => {
    let coefficients = [...c];
    let constant = 0;
    for (let layer = k; layer >= 0; layer--) {
      const { W, bias } = layers[layer];
      constant += coefficients.reduce((sum, a, o) => sum + a * bias[o], 0);
      coefficients = W[0].map((_, i) => coefficients.reduce((sum, a, o) => sum + a * W[o][i], 0));
      if (layer === 0) break;
      const { l, u } = bounds[layer - 1];
      coefficients = coefficients.map((a, i) => {
        if (l[i] >= 0) return a;
        if (u[i] <= 0) return 0;
        if (a > 0) return u[i] > -l[i] ? a : 0;
        const slope = u[i] / (u[i] - l[i]);
        constant -= a * slope * l[i];
        return a * slope;
      });
    }
    return constant + coefficients.reduce((sum, a, i) => sum + a * (a > 0 ? low[i] : high[i]), 0);
  };
  for (let k = 0; k < 2; k++) {
    const unit = (i: number, sign: number) => layers[k].bias.map((_, o) => (o === i ? sign : 0));
    bounds.push({
      l: layers[k].bias.map((_, i) => lower(k, unit(i, 1))),
      u: layers[k].bias.map((_, i) => -lower(k, unit(i, -1))),
    });
  }
  return { lower: lower(2, row), bounds };
}

describe('interval bounds', () => {
  it('are W c + b plus and minus |W| r for one dense layer', () => {
    const network: Network = {
      architecture: 'linear',
      inputShape: [1, 3, 1],
      classes: 2,
      layers: [
        { kind: 'flatten', name: 'flatten' },
        { kind: 'dense', name: 'logits', units: 2, bias: true, activation: 'linear' },
      ],
    };
    const [kernel, bias] = weightsOf(network, 1);
    const weights = [
      { ...kernel, values: Float32Array.of(1, -2, 3, 0.5, 0, 4) },
      { ...bias, values: Float32Array.of(0.25, -1) },
    ];
    const box = imageBox([0.5, 0.25, 0.75], 0.125);
    const [, logits] = intervalBounds(lowerNetwork(network, weights), box);
    const error = gamma(4) * 4;
    const expected = [
      [1.5 - 0.5, 1.5 + 0.5],
      [1.125 - 0.8125, 1.125 + 0.8125],
    ];
    expected.forEach(([low, high], i) => {
      assert.ok(logits.lower[i] <= low && logits.lower[i] >= low - 2 * error);
      assert.ok(logits.upper[i] >= high && logits.upper[i] <= high + 2 * error);
    });
  });

  it('contain those of every smaller box', () => {
    for (const network of NETWORKS) {
      const graph = lowerNetwork(network, weightsOf(network, 2));
      const image = imageOf(network, 2);
      const [small, large] = [0.02, 0.05].map((eps) => intervalBounds(graph, imageBox(image, eps)));
      large.forEach((box, node) => {
        // Float64's own rounding apart.
        const isInside = box.lower.every((low, i) => {
          const tiny = 1e-12 * (Math.abs(low) + Math.abs(box.upper[i]) + 1);
          return low <= small[node].lower[i] + tiny && box.upper[i] >= small[node].upper[i] - tiny;
        });
        assert.ok(isInside, `${network.architecture}, node ${node}`);
      });
    }
  });
});

describe('a network whose sums float32 does not hold', () => {
  // In float32 infinity minus infinity; in exact arithmetic 0, and the sigmoid of anything is small.
  const network: Network = {
    architecture: 'overflow',
    inputShape: [1, 1, 1],
    classes: 2,
    layers: [
      { kind: 'flatten', name: 'flatten' },
      { kind: 'dense', name: 'large', units: 2, bias: false, activation: 'linear' },
      { kind: 'dense', name: 'difference', units: 1, bias: false, activation: 'linear' },
      { kind: 'activation', name: 'sigmoid', activation: 'sigmoid' },
      { kind: 'dense', name: 'logits', units: 2, bias: true, activation: 'linear' },
    ],
  };
  const marginOf = (size: number, of: (graph: Graph, boxes: readonly Box[]) => number) => {
    const all = [
      [size, size],
      [size, -size],
      [1, 0],
      [5, 0],
    ];
    const weights = weightsOf(network, 1).map((weight, i) => ({
      ...weight,
      values: Float32Array.from(all[i]),
    }));
    const graph = lowerNetwork(network, weights);
    return of(graph, intervalBounds(graph, imageBox([0.5], 0.1)));
  };
  const byIntervals = (graph: Graph, boxes: readonly Box[]) => intervalMargin(graph, boxes, 2, 0);
  const byCrown = (graph: Graph, boxes: readonly Box[]) =>
    linearMargin(new Relaxation(graph, crownBounds(graph, boxes)), 2, 0, [{}]);

  it('has no bounds', () => {
    for (const of of [byIntervals, byCrown]) {
      assert.ok(marginOf(100, of) > 4.9, 'the same network with small weights is certain');
      assert.equal(marginOf(1e20, of), Number.NEGATIVE_INFINITY);
    }
  });
});

describe('linear bounds', () => {
  it('agree with CROWN in plain loops', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.double({ min: 0.001, max: 0.3, noNaN: true }), (seed, eps) => {
        const weights = weightsOf(mlp, seed);
        const graph = lowerNetwork(mlp, weights);
        const box = imageBox(imageOf(mlp, seed), eps);
        const row = [1, -1, 0, 0];
        const reference = referenceCrown(weights, [...box.lower], [...box.upper], row);
        const boxes = intervalBounds(graph, box);
        reference.bounds.forEach(({ l, u }, k) => {
          boxes[2 * k + 1] = { lower: Float64Array.from(l), upper: Float64Array.from(u) };
        });
        const { lower } = lowerBounds(new Relaxation(graph, boxes), {
          node: graph.nodes.length,
          rows: 1,
          coefficients: Float64Array.from(row),
        });
        // Below it, by float32's rounding and no more.
        assert.ok(lower[0] <= reference.lower, `${lower[0]} ${reference.lower}`);
        assert.ok(lower[0] > reference.lower - 1e-3, `${lower[0]} ${reference.lower}`);
      }),
      { numRuns: 30, seed: 1, includeErrorInReport: true },
    );
  });
});

describe('a layer without a bound', () => {
  it('is refused by its name', () => {
    for (const [network, layer] of [
      [richNetwork, 'multiply'],
      [attentionNetwork, ''],
    ] as const) {
      assert.throws(
        () => lowerNetwork(network, randomWeights(network)),
        (error: Error) =>
          error instanceof UserError && error.code === 'no-bound' && error.message.includes(layer),
      );
    }
  });
});

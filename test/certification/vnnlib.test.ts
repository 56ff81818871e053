/** Properties in VNN-LIB: read, written, decided; small ones whose answers are known. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import {
  branchAndBound,
  crownBounds,
  imageBox,
  intervalBounds,
  lowerBounds,
  lowerNetwork,
  parseProperty,
  Relaxation,
  robustnessProperty,
  verifyProperty,
} from '../../src/certification/index.ts';
import { optimizeBounds } from '../../src/certification/optimize.ts';
import { UserError } from '../../src/errors.ts';
import { startEngine } from '../../src/library/index.ts';
import { Model, type Network, type Weight } from '../../src/models/index.ts';
import { imageOf, NETWORKS, weightsOf } from './networks.ts';

before(() => startEngine('wasm'));

const network: Network = {
  architecture: 'two',
  inputShape: [1, 2, 1],
  classes: 2,
  layers: [
    { kind: 'flatten', name: 'flatten' },
    { kind: 'dense', name: 'hidden', units: 2, bias: true, activation: 'relu' },
    { kind: 'dense', name: 'logits', units: 2, bias: true, activation: 'linear' },
  ],
};

/** Y_0 = |X_0 - X_1|, Y_1 = 0.5. */
const weights: Weight[] = weightsOf(network, 1).map((weight) => ({
  ...weight,
  values: Float32Array.from(
    { 'hidden/kernel': [1, -1, -1, 1], 'hidden/bias': [0, 0], 'logits/kernel': [1, 0, 1, 0] }[
      weight.spec.name
    ] ?? [0, 0.5],
  ),
}));

const declarations = ['X_0', 'X_1', 'Y_0', 'Y_1']
  .map((name) => `(declare-const ${name} Real)`)
  .join('\n');
const inputs = (high: number) =>
  `(assert (>= X_0 0)) (assert (<= X_0 ${high}))\n(assert (and (>= X_1 0.0) (<= X_1 ${high})))`;
const question = (high: number, output: string) =>
  `; a comment\n${declarations}\n${inputs(high)}\n(assert ${output})`;

async function decide(text: string) {
  const model = new Model(network, weights, 1);
  const graph = lowerNetwork(network, weights);
  const property = parseProperty(text);
  const found = await verifyProperty(graph, model.classifier('two'), property, 20, 1);
  model.dispose();
  return found;
}

describe('a property', () => {
  it('is read with every form of condition', () => {
    const { inputs: box, violations } = parseProperty(
      question(0.75, '(or (and (>= Y_0 Y_1) (<= Y_1 3)) (<= (+ (* 2 Y_0) (- Y_1) 1) -0.5))'),
    );
    assert.deepEqual([...box.lower, ...box.upper], [0, 0, 0.75, 0.75]);
    assert.deepEqual(
      violations.map((all) => all.map(({ coefficients, constant }) => [...coefficients, constant])),
      [
        [
          [1, -1, 0],
          [-0, -1, 3],
        ],
        [[-2, 1, -1.5]],
      ].map((all) => all.map((row) => row.map((value) => value + 0))),
    );
  });

  it('that is written is read back as it was', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.integer({ min: 0, max: 255 }).map((byte) => byte / 255),
          { minLength: 2, maxLength: 2 },
        ),
        fc.double({ min: 1e-9, max: 0.5, noNaN: true }),
        fc.nat(1),
        (image, eps, label) => {
          const box = imageBox(image, eps);
          const read = parseProperty(robustnessProperty(box, 2, label));
          assert.deepEqual(
            [...read.inputs.lower],
            [...box.lower].map((x) => x + 0),
          );
          assert.deepEqual([...read.inputs.upper], [...box.upper]);
          const [[{ coefficients, constant }], ...others] = read.violations;
          assert.equal(others.length + constant, 0);
          assert.deepEqual([coefficients[label], coefficients[1 - label]], [-1, 1]);
        },
      ),
      { seed: 1, includeErrorInReport: true },
    );
  });

  it('that is damaged is refused with its line', () => {
    for (const [text, message] of [
      ['', /line 1: there are no inputs/],
      ['(declare-const X_0 Real', /line 1: a parenthesis is not closed/],
      [`${declarations})`, /line 4: a parenthesis is closed/],
      ['x', /"x" stands outside/],
      ['(declare-const Z Real)', /variables are called/],
      [`${declarations}\n(assert (>= X_7 1))`, /line 5: "X_7" was not declared/],
      [question(1, '(>= (* Y_0 Y_1) 1)'), /is not linear/],
      [question(1, '(>= Y_0 X_0)'), /inputs and outputs stand in one condition/],
      [question(-1, '(>= Y_0 1)'), /X_0 lies between 0 and -1/],
      [question(1, '(xor Y_0 Y_1)'), /is no comparison/],
      [`${declarations}\n(assert (>= Y_0 1))`, /X_0 has no lower or no upper bound/],
      [`${declarations}\n${inputs(1)}`, /no condition on outputs/],
      [`${'('.repeat(100)}${')'.repeat(100)}`, /nested too deeply/],
    ] as const) {
      assert.throws(
        () => parseProperty(text),
        (error: Error) =>
          error instanceof UserError &&
          error.code === 'bad-property' &&
          message.test(error.message),
        String(message),
      );
    }
  });

  it('of |x - y| is decided on both sides of its threshold', async () => {
    for (const [high, limit] of [
      [1, 1],
      [0.5, 0.5],
      [0.25, 0.25],
    ]) {
      const holds = await decide(question(high, `(>= Y_0 ${limit + 0.001})`));
      assert.equal(holds.outcome, 'holds', `${high}`);
      const violated = await decide(question(high, `(>= Y_0 ${limit - 0.001})`));
      assert.equal(violated.outcome, 'violated');
      const { inputs: found, outputs } = violated.counterexample ?? assert.fail();
      assert.ok(found.every((x) => x >= 0 && x <= high));
      assert.ok(Math.abs(outputs[0] - Math.abs(found[0] - found[1])) < 1e-6);
      assert.ok(outputs[0] >= limit - 0.001);
    }
  });

  it('is a disjunction of conjunctions', async () => {
    const both = (first: number, second: number) =>
      decide(question(1, `(or (and (>= Y_0 ${first}) (>= Y_1 ${second})) (>= Y_1 0.6))`));
    assert.equal((await both(0.9, 0.4)).outcome, 'violated');
    assert.equal((await both(1.1, 0.4)).outcome, 'holds');
    assert.equal((await both(0.9, 0.6)).outcome, 'holds');
  });
});

describe('optimized bounds', () => {
  it('are no looser than those they begin with, and hold', () => {
    const mlp = NETWORKS[4];
    for (let seed = 0; seed < 5; seed++) {
      const graph = lowerNetwork(mlp, weightsOf(mlp, seed));
      const boxes = crownBounds(graph, intervalBounds(graph, imageBox(imageOf(mlp, seed), 0.1)));
      const relaxation = new Relaxation(graph, boxes);
      const objective = {
        node: graph.nodes.length,
        rows: 2,
        coefficients: Float64Array.of(1, -1, 0, 0, 0, 1, 0, -1),
      };
      const plain = lowerBounds(relaxation, objective).lower;
      const { lower } = optimizeBounds(relaxation, objective, { iterations: 30 });
      for (const row of [0, 1]) assert.ok(lower[row] >= plain[row], `${seed}`);
      assert.ok(lower[0] + lower[1] > plain[0] + plain[1], `${seed}: nothing was gained`);
    }
  });
});

describe('branch and bound', () => {
  it('finds the exact minimum of a small network to within a thousandth', async () => {
    const small: Network = {
      ...network,
      layers: [
        network.layers[0],
        { kind: 'dense', name: 'a', units: 6, bias: true, activation: 'relu' },
        { kind: 'dense', name: 'b', units: 6, bias: true, activation: 'relu' },
        network.layers[2],
      ],
    };
    for (let seed = 0; seed < 4; seed++) {
      const own = weightsOf(small, seed);
      const graph = lowerNetwork(small, own);
      const box = imageBox([0.5, 0.5], 0.5);
      const boxes = crownBounds(graph, intervalBounds(graph, box));
      let least = Number.POSITIVE_INFINITY;
      for (let x = 0; x <= 200; x++) {
        for (let y = 0; y <= 200; y++) {
          const values: Float64Array[] = [Float64Array.of(x / 200, y / 200)];
          for (const { operation, inputs: from } of graph.nodes) {
            values.push(
              operation.kind === 'linear'
                ? operation.forward(from.map((i) => values[i]))
                : values[from[0]].map((z) => Math.max(0, z)),
            );
          }
          const [a, b] = values[graph.nodes.length];
          least = Math.min(least, a - b);
        }
      }
      // The grid is within its spacing of the minimum, the bounds within their rounding.
      const above = async (threshold: number) => {
        const objective = {
          node: graph.nodes.length,
          rows: 1,
          coefficients: Float64Array.of(1, -1),
          constant: -threshold,
        };
        const result = await branchAndBound(
          graph,
          boxes,
          objective,
          () => false,
          () => false,
        );
        return result.outcome;
      };
      assert.equal(await above(least - 0.02), 'proven', `${seed}`);
      assert.equal(await above(least + 0.001), 'open', `${seed}`);
    }
  });
});

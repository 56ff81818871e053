/**
 * Our bounds beside those of auto_LiRPA (Xu et al. 2020), which `npm run test:lirpa` asked for:
 * interval bounds agree, and CROWN's, with the same slopes, are no looser.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { bothSides } from '../../src/certification/crown.ts';
import {
  type Box,
  crownBounds,
  imageBox,
  intervalBounds,
  lowerBounds,
  lowerNetwork,
  Relaxation,
} from '../../src/certification/index.ts';
import { LIRPA_CASES } from './lirpa-questions.ts';
import { imageOf, weightsOf } from './networks.ts';

const box = z.object({ lower: z.array(z.number()), upper: z.array(z.number()) });
const answers = z
  .array(
    z.object({ network: z.string(), seed: z.int(), eps: z.number(), interval: box, crown: box }),
  )
  .parse(JSON.parse(readFileSync('test/certification/lirpa.json', 'utf8')));

/** Theirs are computed in float32. */
const FLOAT32 = 1e-5;
/** Ours are widened for float32 in any order: the more, the larger a box's numbers are. */
const WIDER = 3;

/** What bounds the logits alone, whatever interval bounds say of them: CROWN as its authors do it. */
function backwardOnly(graph: ReturnType<typeof lowerNetwork>, boxes: readonly Box[]): Box {
  const last = graph.nodes.length;
  const all = Array.from(boxes[last].lower, (_, i) => i);
  const { lower } = lowerBounds(new Relaxation(graph, boxes), bothSides(last, boxes[last], all));
  return {
    lower: Float64Array.from(all, (i) => lower[2 * i]),
    upper: Float64Array.from(all, (i) => -lower[2 * i + 1]),
  };
}

describe('bounds beside those of auto_LiRPA', () => {
  it('are of the same questions', () => {
    assert.deepEqual(
      answers.map(({ network, seed, eps }) => [network, seed, eps]),
      LIRPA_CASES.map(({ network, seed, eps }) => [network.architecture, seed, eps]),
    );
  });

  for (const [at, { network, seed, eps }] of LIRPA_CASES.entries()) {
    it(`of ${network.architecture} at ${eps}`, () => {
      const graph = lowerNetwork(network, weightsOf(network, seed));
      const intervals = intervalBounds(graph, imageBox(imageOf(network, seed), eps));
      const tight = crownBounds(graph, intervals);
      const { interval, crown } = answers[at];
      const ours = intervals[graph.nodes.length];
      const crowned = backwardOnly(graph, tight);
      // Around the image alone, the bounds' width is nothing but what rounding is given.
      const point = intervalBounds(graph, imageBox(imageOf(network, seed), 0));
      const rounding = point[graph.nodes.length];
      for (let c = 0; c < network.classes; c++) {
        const given = WIDER * (rounding.upper[c] - rounding.lower[c]) + FLOAT32;
        const wider = [interval.lower[c] - ours.lower[c], ours.upper[c] - interval.upper[c]];
        for (const by of wider) {
          assert.ok(by > -FLOAT32 && by < given, `interval bounds of ${c} wider by ${by}`);
        }
        const looser = [crown.lower[c] - crowned.lower[c], crowned.upper[c] - crown.upper[c]];
        assert.ok(Math.max(...looser) < given, `CROWN of ${c}: ${looser} looser`);
      }
    });
  }
});

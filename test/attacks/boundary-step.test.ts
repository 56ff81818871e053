/** The step along the boundary: feasible, as near to the original as any, and as known in closed form. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BoundaryProblem, boundaryStep } from '../../src/attacks/boundary-step.ts';
import { distance } from '../../src/attacks/threat.ts';
import { RandomStream } from '../../src/engine/index.ts';

const SIZE = 12;
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);
const norm2 = (a: ArrayLike<number>) => Math.sqrt(dot(a, a));

function randomProblem(norm: BoundaryProblem['norm'], draw: RandomStream): BoundaryProblem {
  const uniform = () => Float32Array.from({ length: SIZE }, () => draw.uniform());
  const [original, point] = [uniform(), uniform()];
  const slope = Float32Array.from({ length: SIZE }, () => draw.normal());
  const radius = 0.05 + draw.uniform();
  const gain = 0.4 * radius * norm2(slope) * (2 * draw.uniform() - 1);
  return { norm, original, point, slope, gain, radius };
}

/** How far a step leaves the original behind. */
const awayAfter = ({ norm, original, point }: BoundaryProblem, step: ArrayLike<number>) =>
  distance(
    norm,
    original,
    Float32Array.from(point, (value, i) => value + step[i]),
  );

const isFeasible = (problem: BoundaryProblem, step: ArrayLike<number>, slack = 0) =>
  norm2(step) <= problem.radius + slack &&
  dot(problem.slope, step) >= problem.gain - slack &&
  Array.from(step).every((d, i) => {
    const moved = problem.point[i] + d;
    return moved >= -slack && moved <= 1 + slack;
  });

describe('a step along the boundary', () => {
  it('in L2, far from all limits, is the projection of the original onto the half-space', () => {
    const original = new Float32Array(SIZE).fill(0.5);
    const point = original.map((value, i) => value + (i === 0 ? 0.1 : 0.02));
    const slope = Float32Array.from({ length: SIZE }, (_, i) => (i % 3) - 0.5);
    const gain = 0.05;
    const step = boundaryStep({ norm: 'L2', original, point, slope, gain, radius: 10 });
    const back = original.map((value, i) => value - point[i]);
    const missing = Math.max(0, gain - dot(slope, back)) / dot(slope, slope);
    for (let i = 0; i < SIZE; i++) {
      assert.ok(Math.abs(step[i] - (back[i] + missing * slope[i])) < 1e-5, `${i}`);
    }
  });

  it('in Linf, from the original, moves every pixel alike as far as the plane is', () => {
    const original = new Float32Array(SIZE).fill(0.5);
    const slope = Float32Array.from({ length: SIZE }, (_, i) => (i % 2 ? -2 : 1));
    const gain = 0.9;
    const step = boundaryStep({ norm: 'Linf', original, point: original, slope, gain, radius: 10 });
    // |slope|_1 is 18, so a change of 0.05 gains 0.9.
    for (const [i, d] of step.entries()) {
      assert.ok(Math.abs(d - 0.05 * Math.sign(slope[i])) < 1e-4, `${d}`);
    }
  });

  it('in L1, from the original, moves the pixel of the steepest slope alone', () => {
    const original = new Float32Array(SIZE).fill(0.5);
    const slope = Float32Array.from({ length: SIZE }, (_, i) => (i === 4 ? -3 : 1));
    const step = boundaryStep({
      norm: 'L1',
      original,
      point: original,
      slope,
      gain: 0.6,
      radius: 10,
    });
    for (const [i, d] of step.entries()) {
      assert.ok(Math.abs(d - (i === 4 ? -0.2 : 0)) < 1e-3, `${i}: ${d}`);
    }
  });

  it('with a slope of zero stays where it is', () => {
    const image = new Float32Array(SIZE).fill(0.5);
    const slope = new Float32Array(SIZE);
    const problem = { original: image, point: image, slope, gain: 1, radius: 1 };
    for (const norm of ['L2', 'Linf', 'L1', 'L0'] as const) {
      assert.deepEqual(boundaryStep({ norm, ...problem }), new Float64Array(SIZE));
    }
  });

  it('goes as far toward a plane out of reach as the trust region allows', () => {
    const image = new Float32Array(SIZE).fill(0.5);
    const slope = Float32Array.from({ length: SIZE }, (_, i) => i + 1);
    for (const norm of ['L2', 'Linf', 'L1', 'L0'] as const) {
      const step = boundaryStep({
        norm,
        original: image,
        point: image,
        slope,
        gain: 1e6,
        radius: 0.1,
      });
      assert.ok(Math.abs(norm2(step) - 0.1) < 1e-6, norm);
      assert.ok(Math.abs(dot(step, slope) - 0.1 * norm2(slope)) < 1e-5, norm);
    }
  });

  for (const norm of ['L2', 'Linf', 'L1'] as const) {
    it(`in ${norm}: no feasible step of thousands leads nearer`, () => {
      const draw = new RandomStream(5, norm);
      let solved = 0;
      for (let round = 0; round < 60; round++) {
        const problem = randomProblem(norm, draw);
        const step = boundaryStep(problem);
        if (!isFeasible(problem, step, 1e-4)) continue; // the plane is out of reach
        solved++;
        const own = awayAfter(problem, step);
        for (let attempt = 0; attempt < 400; attempt++) {
          const size = problem.radius * draw.uniform() ** 3;
          const other = Array.from(step, (d) => d + (size * draw.normal()) / Math.sqrt(SIZE)).map(
            (d, i) => Math.min(1 - problem.point[i], Math.max(-problem.point[i], d)),
          );
          if (!isFeasible(problem, other)) continue;
          const away = awayAfter(problem, other);
          assert.ok(away >= own - 5e-4, `round ${round}: ${away} is less than ${own}`);
        }
      }
      assert.ok(solved > 30, `${solved} solved`);
    });
  }

  it('in L0 keeps to the limits and gives pixels back', () => {
    const draw = new RandomStream(6, 'L0');
    let better = 0;
    for (let round = 0; round < 60; round++) {
      const problem = { ...randomProblem('L0', draw), radius: 2 };
      const step = boundaryStep(problem);
      if (!isFeasible(problem, step, 1e-4)) continue;
      if (awayAfter(problem, step) < SIZE / 2) better++;
    }
    assert.ok(better > 30, `${better} of 60`);
  });
});

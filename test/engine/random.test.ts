import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { philox, RandomStream } from '../../src/engine/random.ts';

describe('philox', () => {
  // Known-answer vectors of Random123 (kat_vectors, philox4x32 10).
  it('gives the published words', () => {
    assert.deepEqual(
      philox([0, 0, 0, 0], [0, 0]),
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    );
    const ones = 0xffffffff;
    assert.deepEqual(
      philox([ones, ones, ones, ones], [ones, ones]),
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    );
    assert.deepEqual(
      philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    );
  });
});

describe('RandomStream', () => {
  const draw = (stream: RandomStream, n: number) =>
    Array.from({ length: n }, () => stream.uint32());

  it('repeats itself, and differs by seed and by label', () => {
    const first = draw(new RandomStream(1, 'a'), 100);
    assert.deepEqual(draw(new RandomStream(1, 'a'), 100), first);
    assert.notDeepEqual(draw(new RandomStream(2, 'a'), 100), first);
    assert.notDeepEqual(draw(new RandomStream(1, 'b'), 100), first);
    assert.notDeepEqual(
      draw(new RandomStream(0, 'a'), 100),
      draw(new RandomStream(2 ** 32, 'a'), 100),
    );
  });

  it('continues from any saved position', () => {
    const stream = new RandomStream(3, 'position');
    const all = draw(stream, 50);
    for (const position of [0, 1, 4, 7, 48]) {
      const again = new RandomStream(3, 'position');
      again.position = position;
      assert.deepEqual(draw(again, 50 - position), all.slice(position));
    }
  });

  it("gives children that do not depend on their parent's position", () => {
    const parent = new RandomStream(3, 'parent');
    const before = draw(parent.child('x'), 10);
    draw(parent, 7);
    assert.deepEqual(draw(parent.child('x'), 10), before);
  });

  it('draws uniforms and normals with the right moments', () => {
    const stream = new RandomStream(11, 'moments');
    const n = 200_000;
    const moments = (next: () => number) => {
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < n; i++) {
        const value = next();
        sum += value;
        squares += value * value;
      }
      return { mean: sum / n, variance: squares / n - (sum / n) ** 2 };
    };
    const uniform = moments(() => stream.uniform());
    const fiveSigma = 5 / Math.sqrt(n);
    assert.ok(Math.abs(uniform.mean - 0.5) < fiveSigma * Math.sqrt(1 / 12));
    assert.ok(Math.abs(uniform.variance - 1 / 12) < fiveSigma * 0.08);
    const normal = moments(() => stream.normal());
    assert.ok(Math.abs(normal.mean) < fiveSigma);
    assert.ok(Math.abs(normal.variance - 1) < fiveSigma * Math.SQRT2);
  });

  it('permutes: every number once, every position equally likely', () => {
    const stream = new RandomStream(5, 'permutation');
    assert.deepEqual(
      [...stream.permutation(1000)].sort((a, b) => a - b),
      [...Array(1000).keys()],
    );
    const counts = new Array(4).fill(0);
    for (let i = 0; i < 8000; i++) counts[stream.permutation(4)[0]]++;
    for (const count of counts) assert.ok(Math.abs(count - 2000) < 5 * Math.sqrt(1500));
  });

  it('refuses what is no seed', () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) {
      assert.throws(() => new RandomStream(seed, ''), RangeError);
    }
  });

  it('fills arrays with normal numbers, in one piece or in many', () => {
    const whole = new Float32Array(9000);
    const stream = new RandomStream(5, 'bulk');
    stream.uint32();
    stream.fillNormal(whole, 0.5);
    const again = new RandomStream(5, 'bulk');
    again.uint32();
    for (const [from, to] of [
      [0, 1],
      [1, 4],
      [4, 4],
      [4, 5000],
      [5000, 9000],
    ]) {
      again.fillNormal(whole.subarray(from, to).fill(0), 0.5);
      const part = new RandomStream(5, 'bulk');
      part.position = again.position;
      assert.equal(again.uint32(), part.uint32());
      again.position = part.position - 1;
    }
    const expected = new Float32Array(9000);
    const third = new RandomStream(5, 'bulk');
    third.uint32();
    third.fillNormal(expected, 0.5);
    assert.deepEqual(whole, expected);
    assert.equal(third.position, again.position);
  });

  it('fills them with the normal distribution, its tails included', () => {
    const count = 4_000_000;
    const values = new Float32Array(count);
    new RandomStream(9, 'distribution').fillNormal(values, 1);
    const sorted = Float64Array.from(values).sort();
    // Kolmogorov-Smirnov: beyond 1.95 / sqrt(n) in one of a thousand samples.
    let farthest = 0;
    for (let i = 0; i < count; i += 100) {
      farthest = Math.max(farthest, Math.abs(normalProbability(sorted[i]) - i / count));
    }
    assert.ok(farthest < 1.95 / Math.sqrt(count), `${farthest}`);
    for (const end of [3.7, 4.5]) {
      for (const tail of [values.filter((x) => x > end), values.filter((x) => x < -end)]) {
        const expected = count * normalProbability(-end);
        assert.ok(Math.abs(tail.length - expected) < 4 * Math.sqrt(expected), `${tail.length}`);
      }
    }
  });
});

/** P(X < x) of a standard normal X, by Simpson's rule. */
function normalProbability(x: number): number {
  const density = (t: number) => Math.exp(-0.5 * t * t) / Math.sqrt(2 * Math.PI);
  const [from, parts] = [-9, 200];
  const step = (x - from) / parts;
  let sum = density(from) + density(x);
  for (let i = 1; i < parts; i++) sum += (i % 2 === 0 ? 2 : 4) * density(from + i * step);
  return (sum * step) / 3;
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Dataset, noisyCopies, subset } from '../../src/data/index.ts';

const SHAPE = [8, 8, 1] as const;
const SIZE = 64;

/** Images of one gray each. */
function grays(values: readonly number[]): Dataset {
  return {
    name: 'grays',
    count: values.length,
    shape: SHAPE,
    classes: 10,
    images: Uint8Array.from(
      { length: values.length * SIZE },
      (_, i) => values[Math.floor(i / SIZE)],
    ),
    labels: new Uint8Array(values.length),
    indices: Uint32Array.from(values, (_, i) => 1000 + i),
    digest: 'grays',
  };
}

const gray = grays(new Array<number>(60).fill(128));
const KINDS = ['uniform', 'gaussian'] as const;

describe('noisy copies', () => {
  for (const kind of KINDS) {
    it(`${kind}: have the mean of the image and the spread that was asked for`, () => {
      const scale = 0.1;
      const noisy = noisyCopies(gray, { kind, scale, copies: 2, seed: 1 });
      assert.equal(noisy.length, 2 * gray.images.length);
      const changes = Array.from(noisy, (value) => (value - 128) / 255);
      const mean = changes.reduce((a, b) => a + b, 0) / changes.length;
      const spread = Math.sqrt(changes.reduce((a, b) => a + b * b, 0) / changes.length);
      const expected = kind === 'uniform' ? scale / Math.sqrt(3) : scale;
      const error = expected / Math.sqrt(changes.length);
      assert.ok(Math.abs(mean) < 4 * error, `mean ${mean}`);
      assert.ok(Math.abs(spread - expected) < 4 * error, `spread ${spread}, not ${expected}`);
      const largest = Math.max(...changes.map(Math.abs));
      if (kind === 'uniform') assert.ok(largest <= scale + 0.5 / 255, `${largest}`);
      else assert.ok(largest > 2.5 * scale, 'no tails');
    });

    it(`${kind}: stay within a byte and are clipped, not wrapped`, () => {
      const edges = grays([0, 255]);
      const noisy = noisyCopies(edges, { kind, scale: 0.5, copies: 1, seed: 1 });
      const [black, white] = [noisy.subarray(0, SIZE), noisy.subarray(SIZE)];
      for (const [image, edge] of [
        [black, 0],
        [white, 255],
      ] as const) {
        const clipped = image.filter((value) => value === edge).length;
        assert.ok(clipped > SIZE / 4 && clipped < SIZE, `${clipped} of ${SIZE} at ${edge}`);
      }
      assert.ok(black.every((value) => kind !== 'uniform' || value <= 128));
      assert.ok(white.every((value) => kind !== 'uniform' || value >= 127));
    });

    it(`${kind}: of scale 0 are copies`, () => {
      const copies = noisyCopies(gray, { kind, scale: 0, copies: 3, seed: 1 });
      assert.deepEqual(
        copies,
        Uint8Array.from({ length: 3 * gray.images.length }, () => 128),
      );
    });

    it(`${kind}: depend on the image's index and the seed, not on its neighbors`, () => {
      const options = { kind, scale: 0.1, copies: 2, seed: 1 };
      const whole = noisyCopies(gray, options);
      const positions = Uint32Array.of(7, 3, 59);
      const part = noisyCopies(subset(gray, 'part', positions), options);
      for (let copy = 0; copy < 2; copy++) {
        positions.forEach((position, i) => {
          const from = (copy * gray.count + position) * SIZE;
          const at = (copy * positions.length + i) * SIZE;
          assert.deepEqual(part.subarray(at, at + SIZE), whole.subarray(from, from + SIZE));
        });
      }
      assert.notDeepEqual(whole, noisyCopies(gray, { ...options, seed: 2 }));
      const half = gray.images.length;
      assert.notDeepEqual(whole.subarray(0, half), whole.subarray(half), 'copies are alike');
      assert.notDeepEqual(whole.subarray(0, SIZE), whole.subarray(SIZE, 2 * SIZE));
    });
  }

  it('are none when none are asked for', () => {
    assert.equal(noisyCopies(gray, { kind: 'uniform', scale: 0.1, copies: 0, seed: 1 }).length, 0);
  });
});

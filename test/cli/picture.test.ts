import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Chalk } from 'chalk';
import {
  halfBlocks,
  meanOf,
  perturbationBlocks,
  strongestOf,
  thumbnail,
} from '../../src/cli/picture.ts';

const plain = { color: new Chalk({ level: 0 }) };
const colored = { color: new Chalk({ level: 3 }) };
const block = (upper: string, lower: string) =>
  `\u001b[38;2;${upper}m\u001b[48;2;${lower}m▀\u001b[49m\u001b[39m`;

describe('a picture in the terminal', () => {
  it('without colors goes from a blank for black to @ for white, two rows a line', () => {
    const pixels = Uint8Array.of(0, 128, 255, 0, 128, 255, 255, 0, 26, 255, 0, 26);
    assert.deepEqual(halfBlocks(pixels, [4, 3, 1], plain), [' +@', '@ .']);
    assert.deepEqual(halfBlocks(Uint8Array.of(0, 255, 255, 255), [2, 2, 1], plain), ['=@']);
  });

  it('of an odd number of rows repeats the last one', () => {
    assert.deepEqual(halfBlocks(Uint8Array.of(0, 0, 255), [3, 1, 1], plain), [' ', '@']);
    assert.deepEqual(halfBlocks(Uint8Array.of(0, 10, 255), [3, 1, 1], colored), [
      block('0;0;0', '10;10;10'),
      block('255;255;255', '255;255;255'),
    ]);
  });

  it('with colors has the upper pixel in front of the lower one', () => {
    assert.deepEqual(halfBlocks(Uint8Array.of(1, 2, 3, 4), [2, 2, 1], colored), [
      block('1;1;1', '3;3;3') + block('2;2;2', '4;4;4'),
    ]);
  });

  it('of colors has them, or their luminance where there are none', () => {
    const pixels = Uint8Array.of(255, 0, 0, 0, 0, 255, 0, 255, 0, 255, 255, 255);
    assert.deepEqual(halfBlocks(pixels, [2, 2, 3], colored), [
      block('255;0;0', '0;255;0') + block('0;0;255', '255;255;255'),
    ]);
    assert.deepEqual(halfBlocks(pixels, [2, 2, 3], plain), ['=+']);
  });
});

describe('a perturbation in the terminal', () => {
  it('is + where pixels became lighter and - where they became darker', () => {
    const delta = Float32Array.of(0.1, -0.1, 0, 0.04, 0.1, -0.1, 0, 0);
    assert.deepEqual(perturbationBlocks({ values: delta, shape: [2, 4, 1] }, 0.1, plain), ['+-  ']);
    assert.deepEqual(
      perturbationBlocks({ values: Float32Array.of(0.05, 0), shape: [2, 1, 1] }, 0.1, plain),
      ['+'],
    );
    assert.deepEqual(
      perturbationBlocks({ values: Float32Array.of(0.5, 0.5), shape: [2, 1, 1] }, 0, plain),
      [' '],
    );
  });

  it('is red where pixels became lighter, blue where darker, white where unchanged', () => {
    const delta = Float32Array.of(0.2, -0.2, 0.1, -0.1, 0, 5);
    assert.deepEqual(perturbationBlocks({ values: delta, shape: [2, 3, 1] }, 0.2, colored), [
      block('255;0;0', '127;127;255') +
        block('0;0;255', '255;255;255') +
        block('255;127;127', '255;0;0'),
    ]);
  });
});

describe('a thumbnail', () => {
  it('of a small image loses as many columns at the left as at the right', () => {
    const values = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    assert.deepEqual(thumbnail(values, [2, 4, 1], 2, meanOf), {
      values: Float32Array.of(2, 3, 6, 7),
      shape: [2, 2, 1],
    });
    assert.deepEqual(thumbnail(values, [2, 2, 2], 2, meanOf), { values, shape: [2, 2, 2] });
  });

  it('of a large one has a value for each square, channel by channel', () => {
    // Columns of 0 and 1 in turn, so squares of 2 x 2 have both; the second channel is 10.
    const values = Float32Array.from({ length: 2 * 20 * 2 }, (_, i) =>
      i % 2 === 1 ? 10 : Math.floor(i / 2) % 2,
    );
    const { values: small, shape } = thumbnail(values, [2, 20, 2], 10, meanOf);
    assert.deepEqual(shape, [1, 10, 2]);
    assert.deepEqual(
      [...small],
      Array.from({ length: 20 }, (_, i) => (i % 2 === 1 ? 10 : 0.5)),
    );
  });

  it('of a change shows it even where its signs alternate', () => {
    const change = Float32Array.from({ length: 20 }, (_, i) => (i % 2 ? -0.3 : 0.2));
    const { values } = thumbnail(change, [1, 20, 1], 10, strongestOf);
    assert.deepEqual(values, new Float32Array(10).fill(-0.3));
  });
});

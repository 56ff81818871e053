import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Chalk } from 'chalk';
import { cropColumns, halfBlocks, perturbationBlocks } from '../../src/cli/picture.ts';

const plain = { color: new Chalk({ level: 0 }) };
const colored = { color: new Chalk({ level: 3 }) };
const block = (upper: string, lower: string) =>
  `\u001b[38;2;${upper}m\u001b[48;2;${lower}m▀\u001b[49m\u001b[39m`;

describe('a picture in the terminal', () => {
  it('without colors goes from a blank for black to @ for white, two rows a line', () => {
    const pixels = Uint8Array.of(0, 128, 255, 0, 128, 255, 255, 0, 26, 255, 0, 26);
    assert.deepEqual(halfBlocks(pixels, [4, 3], plain), [' +@', '@ .']);
    assert.deepEqual(halfBlocks(Uint8Array.of(0, 255, 255, 255), [2, 2], plain), ['=@']);
  });

  it('of an odd number of rows repeats the last one', () => {
    assert.deepEqual(halfBlocks(Uint8Array.of(0, 0, 255), [3, 1], plain), [' ', '@']);
    assert.deepEqual(halfBlocks(Uint8Array.of(0, 10, 255), [3, 1], colored), [
      block('0;0;0', '10;10;10'),
      block('255;255;255', '255;255;255'),
    ]);
  });

  it('with colors has the upper pixel in front of the lower one', () => {
    assert.deepEqual(halfBlocks(Uint8Array.of(1, 2, 3, 4), [2, 2], colored), [
      block('1;1;1', '3;3;3') + block('2;2;2', '4;4;4'),
    ]);
  });

  it('loses as many columns at the left as at the right', () => {
    assert.deepEqual(
      cropColumns(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 4], 1),
      Uint8Array.of(2, 3, 6, 7),
    );
    assert.deepEqual(
      cropColumns(Float32Array.of(1, 2, 3, 4), [2, 2], 0),
      Float32Array.of(1, 2, 3, 4),
    );
  });
});

describe('a perturbation in the terminal', () => {
  it('is + where pixels became lighter and - where they became darker', () => {
    const delta = Float32Array.of(0.1, -0.1, 0, 0.04, 0.1, -0.1, 0, 0);
    assert.deepEqual(perturbationBlocks(delta, 0.1, [2, 4], plain), ['+-  ']);
    assert.deepEqual(perturbationBlocks(Float32Array.of(0.05, 0), 0.1, [2, 1], plain), ['+']);
    assert.deepEqual(perturbationBlocks(Float32Array.of(0.5, 0.5), 0, [2, 1], plain), [' ']);
  });

  it('is red where pixels became lighter, blue where darker, white where unchanged', () => {
    const delta = Float32Array.of(0.2, -0.2, 0.1, -0.1, 0, 5);
    assert.deepEqual(perturbationBlocks(delta, 0.2, [2, 3], colored), [
      block('255;0;0', '127;127;255') +
        block('0;0;255', '255;255;255') +
        block('255;127;127', '255;0;0'),
    ]);
  });
});

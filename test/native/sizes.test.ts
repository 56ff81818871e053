// Sizes that do not fit the kernels' 32-bit integers are refused, without memory of that size.
import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { geometryOf } from '../../native/backend/conv.ts';
import { broadcastShape } from '../../native/backend/elementwise.ts';
import { checkElements, int32Block, MAX_ELEMENTS } from '../../native/backend/sizes.ts';
import { compiledBackends, use } from './backends.ts';

const tooLarge = { name: 'RangeError', message: /compiled kernels take/ };

test('an output of 2^31 elements or more is refused', async () => {
  for (const name of compiledBackends) {
    const backend = await use(name);
    for (const shape of [[2 ** 31], [65536, 32768], [65536, 65536], [2 ** 16, 2 ** 16, 2 ** 16]]) {
      assert.throws(() => backend.allocate(shape), tooLarge, `${name} ${shape}`);
      assert.throws(() => backend.allocate(shape, 'bool'), tooLarge, `${name} ${shape}`);
    }
    const column = tf.ones([65536, 1]);
    const row = tf.ones([1, 65536]);
    assert.throws(() => tf.add(column, row), tooLarge, name);
    assert.throws(() => tf.matMul(column, row), tooLarge, name);
    assert.throws(() => tf.fill([65536, 65536], 1), tooLarge, name);
    tf.dispose([column, row]);
  }
});

test('an input of 2^31 elements or more is refused', async () => {
  for (const name of compiledBackends) {
    const backend = await use(name);
    const values = Object.create(Float32Array.prototype, { length: { value: 2 ** 31 } });
    const dataId = backend.write(values, [2 ** 31], 'float32');
    const tensor = { dataId, shape: [2 ** 31], dtype: 'float32' as const };
    assert.throws(() => backend.arrays(tensor), tooLarge, name);
    backend.disposeData(dataId);
  }
});

test('WebAssembly memory beyond 32 bits is refused', async () => {
  const backend = await use('wasm');
  // 2^30 floats are 2^32 bytes: 0 in the module's arithmetic.
  for (const length of [2 ** 30, 2 ** 30 + 16, 15 * 2 ** 26 + 1]) {
    assert.throws(() => backend.allocate([length]), {
      name: 'RangeError',
      message: /WebAssembly memory is exhausted/,
    });
  }
  assert.equal(
    tf.tidy(() => tf.sum(tf.fill([1000], 2)).dataSync()[0]),
    2000,
  );
});

test('numbers of shapes and geometries are refused beyond 32 bits', () => {
  assert.throws(() => int32Block('a shape', 1, 2 ** 31), tooLarge);
  assert.throws(() => int32Block('a shape', 2 ** 32 + 4), tooLarge);
  assert.throws(() => int32Block('a shape', 1.5), tooLarge);
  assert.deepEqual([...int32Block('a shape', 2, -1, 2 ** 31 - 1)], [2, -1, 2 ** 31 - 1]);
  const huge = [2 ** 32 + 2];
  assert.throws(() => broadcastShape(huge, huge, huge), tooLarge);
  const info = (size: number, dilation: number, pad: 'same' | 'valid') =>
    tf.backend_util.computeConv2DInfo([1, size, size, 1], [3, 3, 1, 1], 1, dilation, pad);
  assert.equal(geometryOf(info(28, 1, 'same')).length, 16);
  assert.throws(() => geometryOf(info(2 ** 16, 1, 'valid')), tooLarge);
  assert.throws(() => geometryOf(info(28, 2 ** 32 + 1, 'same')), tooLarge);
});

test('the limit itself is taken', () => {
  assert.doesNotThrow(() => checkElements(MAX_ELEMENTS, 'a tensor'));
  assert.throws(() => checkElements(MAX_ELEMENTS + 1, 'a tensor'), tooLarge);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { BufferPool } from '../../native/backend/memory.ts';
import { compiledBackends, use } from './backends.ts';
import { randomValues } from './values.ts';

/** Runs the check on each backend with freed blocks filled with NaN. */
async function poisoned(check: (name: string) => void): Promise<void> {
  for (const name of compiledBackends) {
    const { pool } = await use(name);
    pool.poison = true;
    try {
      check(name);
    } finally {
      pool.poison = false;
    }
  }
}

/** A tensor that a compiled kernel made, so that its values are in the pool. */
function pooled(values: Float32Array, shape: number[] = [values.length]): tf.Tensor {
  return tf.tidy(() => tf.add(tf.tensor(values, shape), tf.tensor(0)));
}

/** Takes and overwrites what has just been freed. */
function overwrite(length: number): void {
  for (let i = 0; i < 4; i++) tf.tidy(() => tf.fill([length], 7));
}

test('views outlive the tensor that they share data with', async () => {
  const values = randomValues(1, 4096);
  const views: [string, (x: tf.Tensor) => tf.Tensor, Float32Array][] = [
    ['slice', (x) => tf.slice(x, 1024, 1024), values.subarray(1024, 2048)],
    ['reshape', (x) => tf.reshape(x, [64, 64]), values],
    ['clone', (x) => tf.clone(x), values],
    ['cast', (x) => tf.cast(x, 'float32'), values],
    ['unstack', (x) => tf.unstack(tf.reshape(x, [4, 1024]))[2], values.subarray(2048, 3072)],
    ['stridedSlice', (x) => tf.stridedSlice(x, [64], [128], [1]), values.subarray(64, 128)],
    ['split', (x) => tf.split(x, 4)[1], values.subarray(1024, 2048)],
    ['real', (x) => tf.real(tf.complex(x, x)), values],
    [
      'slice of a reshape',
      (x) => tf.slice(tf.reshape(x, [4, 1024]), [3, 0], [1, -1]),
      values.subarray(3072),
    ],
  ];
  await poisoned((name) => {
    for (const [what, view, expected] of views) {
      const x = pooled(values);
      const y = tf.tidy(() => view(x));
      x.dispose();
      overwrite(values.length);
      assert.deepEqual(y.dataSync().slice(), expected.slice(), `${what} on ${name}`);
      y.dispose();
    }
  });
});

test('an array from dataSync never changes', async () => {
  await poisoned((name) => {
    const values = randomValues(2, 1000);
    const x = pooled(values);
    const seen = x.dataSync();
    x.dispose();
    overwrite(values.length);
    assert.deepEqual(seen, values, name);
    assert.equal(seen.byteOffset, 0);
    assert.equal(seen.buffer.byteLength, values.byteLength);
  });
});

test('any sequence of operations and disposals keeps the values right', async () => {
  const action = fc.record({
    what: fc.constantFrom('make', 'add', 'slice', 'reshape', 'clone', 'read', 'dispose', 'reverse'),
    which: fc.nat(1000),
    other: fc.nat(1000),
  });
  await poisoned(() => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const before = tf.memory().numTensors;
        const live: { tensor: tf.Tensor; values: Float32Array }[] = [];
        const push = (tensor: tf.Tensor, values: Float32Array) => live.push({ tensor, values });
        push(pooled(randomValues(0, 96)), randomValues(0, 96));
        for (const [i, { what, which, other }] of actions.entries()) {
          if (what === 'make' || live.length === 0) {
            push(pooled(randomValues(i, 96)), randomValues(i, 96));
            continue;
          }
          const index = which % live.length;
          const { tensor, values } = live[index];
          const b = live[other % live.length];
          if (what === 'add' && b.values.length === values.length) {
            push(
              tf.tidy(() => tf.add(tf.reshape(tensor, [-1]), tf.reshape(b.tensor, [-1]))),
              values.map((value, j) => value + b.values[j]),
            );
          } else if (what === 'slice' && values.length >= 2) {
            const half = values.length >> 1;
            push(
              tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), 1, half)),
              values.slice(1, 1 + half),
            );
          } else if (what === 'reshape') push(tf.reshape(tensor, [-1, 1]), values);
          else if (what === 'clone') push(tf.clone(tensor), values);
          else if (what === 'reverse') {
            push(
              tf.tidy(() => tf.reverse(tf.reshape(tensor, [-1]))),
              values.slice().reverse(),
            );
          } else if (what === 'read') tensor.dataSync();
          else if (what === 'dispose') live.splice(index, 1)[0].tensor.dispose();
        }
        for (const { tensor, values } of live) assert.deepEqual(tensor.dataSync().slice(), values);
        for (const { tensor } of live) tensor.dispose();
        assert.equal(tf.memory().numTensors, before);
      }),
      { numRuns: 200 },
    );
  });
});

test('tensors keep their values while WebAssembly memory grows', async () => {
  await use('wasm');
  const MEGABYTE = 1 << 18; // float32 numbers
  const tensors = Array.from({ length: 40 }, (_, i) => pooled(new Float32Array(MEGABYTE).fill(i)));
  for (let i = 1; i < tensors.length; i++) {
    const sum = tf.tidy(() => tf.max(tf.add(tensors[i], tensors[i - 1])).dataSync()[0]);
    assert.equal(sum, 2 * i - 1);
  }
  tf.dispose(tensors);
});

test('the pool reuses blocks by size and frees what exceeds its limit', () => {
  let allocated = 0;
  let freed = 0;
  const memory = {
    isHeap: false,
    allocate: (byteLength: number) => {
      allocated++;
      return { buffer: new ArrayBuffer(byteLength), byteOffset: 0, byteLength };
    },
    free: () => {
      freed++;
    },
  };
  const pool = new BufferPool(memory, 1000);
  const first = pool.acquire(100);
  assert.ok(first.byteLength >= 100);
  pool.release(first);
  assert.equal(pool.freeBytes, first.byteLength);
  assert.equal(pool.acquire(100), first);
  assert.equal(allocated, 1);
  const blocks = Array.from({ length: 11 }, () => pool.acquire(100));
  for (const block of blocks) pool.release(block);
  assert.ok(freed > 0);
  assert.ok(pool.freeBytes <= 1000);
});

test('a batch that shrinks image by image finds free blocks', () => {
  const sizes: number[] = [];
  const memory = {
    isHeap: false,
    allocate: (byteLength: number) => {
      sizes.push(byteLength);
      return { buffer: new ArrayBuffer(byteLength), byteOffset: 0, byteLength };
    },
    free: () => {},
  };
  const pool = new BufferPool(memory);
  const imageBytes = 28 * 28 * 4;
  for (let images = 256; images > 0; images--) {
    const block = pool.acquire(images * imageBytes);
    assert.ok(block.byteLength >= images * imageBytes);
    assert.ok(block.byteLength <= 1.125 * images * imageBytes + 64);
    pool.release(block);
  }
  // Eight sizes between two powers of two, and eight powers.
  assert.ok(sizes.length <= 8 * 8 + 1, `${sizes.length} blocks for 256 sizes`);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { philox, RandomStream } from '../../src/engine/random.ts';
import { compiledBackends, onEveryPath, use } from './backends.ts';

test('compiled code gives the words that JavaScript gives, past 2^32 counters too', async () => {
  for (const name of compiledBackends) {
    const compiled = await use(name);
    for (const [block, blocks] of [
      [0, 1],
      [5, 300],
      [2 ** 32 - 70, 5000],
      [2 ** 40 + 3, 257],
    ]) {
      const key = [0x9e3779b9, 0xffffffff] as const;
      const words = new Uint32Array(4 * blocks);
      compiled.randomWords(words, block, key);
      const expected = Array.from({ length: blocks }, (_, i) => {
        const counter = block + i;
        return philox([counter >>> 0, Math.floor(counter / 2 ** 32), 0, 0], [...key]);
      }).flat();
      assert.deepEqual([...words], expected, `${name} ${block}`);
    }
  }
});

test('a stream is the same on every instruction set, in bulk or word by word', async () => {
  const bulk = new RandomStream(8, 'bulk');
  await use('cpu');
  const one = new RandomStream(8, 'bulk');
  const expected = Array.from({ length: 3002 }, () => one.uint32());
  const normals = new Float32Array(3000);
  new RandomStream(8, 'normals').fillNormal(normals, 2);
  await onEveryPath(() => {
    for (const from of [0, 1, 3, 4, 1001]) {
      bulk.position = from;
      assert.deepEqual([...bulk.words(2000)], expected.slice(from, from + 2000));
      assert.equal(bulk.position, from + 2000);
      assert.equal(bulk.uint32(), expected[from + 2000]);
      bulk.position = from;
      assert.deepEqual([...bulk.words(3)], expected.slice(from, from + 3));
    }
    const again = new Float32Array(3000);
    new RandomStream(8, 'normals').fillNormal(again, 2);
    assert.deepEqual(again, normals);
  });
});

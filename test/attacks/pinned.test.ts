/**
 * What every attack does, pinned: a change of the arithmetic of an attack, however small, changes
 * a candidate or a cost here. The other tests say what is right; this one says that it is the same.
 *
 * After a change that is meant, write the new numbers and read their difference to the old ones:
 *
 *   npm run pin:attacks
 *
 * It runs on TensorFlow.js's own `cpu` backend whatever the engine: attacks amplify rounding.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ATTACKS } from '../../src/attacks/index.ts';
import { pinnedOf } from './pinned-runs.ts';

/** Relative: the numbers have four digits. */
const TOLERANCE = 1e-3;
/** Absolute: several float32 roundings of a pixel. */
const LEAST = 1e-6;

const pinned: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  readFileSync(new URL('pinned.json', import.meta.url), 'utf8'),
);

const numbersOf = (text: string): number[][] =>
  text.split('; ').map((part) => part.split(' ').map(Number));

function assertSame(title: string, now: string, then: string): void {
  const message = `${title}\n  now    ${now}\n  pinned ${then}`;
  const [nowParts, thenParts] = [numbersOf(now), numbersOf(then)];
  assert.equal(nowParts.length, thenParts.length, message);
  nowParts.forEach((values, part) => {
    const expected = thenParts[part];
    assert.equal(values.length, expected.length, message);
    if (part === 0) assert.deepEqual(values, expected, message);
    values.forEach((value, k) => {
      // The dot product, the fourth, may cancel: it is measured by the L2 distance, the first.
      const scale = Math.max(Math.abs(expected[k]), k === 3 ? expected[0] : 0);
      assert.ok(Math.abs(value - expected[k]) <= LEAST + TOLERANCE * scale, message);
    });
  });
}

test('every attack is pinned', () => {
  assert.deepEqual(
    Object.keys(pinned),
    ATTACKS.map(({ name }) => name),
  );
});

for (const attack of ATTACKS) {
  test(`${attack.name} does what it did`, async () => {
    const now = await pinnedOf(attack);
    assert.deepEqual(Object.keys(now), Object.keys(pinned[attack.name]));
    for (const [title, text] of Object.entries(now)) {
      assertSame(title, text, pinned[attack.name][title]);
    }
  });
}

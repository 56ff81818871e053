import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { paretoFront } from '../../src/experiments/pareto.ts';

it('the front is what no other point beats', () => {
  assert.deepEqual(paretoFront([[1, 3], [2, 2], [3, 1], [1, 1], undefined, [2, 2]]), [0, 1, 2, 5]);
  assert.deepEqual(paretoFront([]), []);
  const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })));
  fc.assert(
    fc.property(points, (values) => {
      const front = paretoFront(values);
      const beats = (a: number[], b: number[]) =>
        a[0] >= b[0] && a[1] >= b[1] && (a[0] > b[0] || a[1] > b[1]);
      for (const [i, own] of values.entries()) {
        const beaten = values.some((other) => beats(other, own));
        assert.equal(front.includes(i), !beaten);
        // Whoever is beaten is beaten by one on the front.
        if (beaten) assert.ok(front.some((j) => beats(values[j], own)));
      }
    }),
  );
});

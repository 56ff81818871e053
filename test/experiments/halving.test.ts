import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RandomStream } from '../../src/engine/index.ts';
import { rungsOf, successiveHalving, survivorCount } from '../../src/experiments/halving.ts';

/** Accuracy that rises to `limit`, the faster the larger `rate`. */
interface Curve {
  readonly limit: number;
  readonly rate: number;
}
const curveAt = ({ limit, rate }: Curve, epoch: number) => limit * (1 - Math.exp(-rate * epoch));

async function halved(candidates: readonly Curve[], rungs: readonly number[], eta: number) {
  const stopped: { curve: Curve; rung: number }[] = [];
  let epochs = 0;
  let last = 0;
  const survivors = await successiveHalving({
    candidates,
    rungs,
    eta,
    async valueAt(curve, rung) {
      epochs += rung - (rungs[rungs.indexOf(rung) - 1] ?? 0);
      last = Math.max(last, rung);
      return curveAt(curve, rung);
    },
    async onStop(curve, rung) {
      stopped.push({ curve, rung });
    },
  });
  return { survivors, stopped, epochs, last };
}

describe('rungs', () => {
  it('are eta times as far each from min_iter, and shares of max_iter', () => {
    assert.deepEqual(rungsOf({ eta: 3, minIter: 1 }, 30), [1, 3, 9, 27]);
    assert.deepEqual(rungsOf({ eta: 2, minIter: 3 }, 24), [3, 6, 12]);
    assert.deepEqual(rungsOf({ eta: 3, maxIter: 27, brackets: 2 }, 27), [3, 9]);
    assert.deepEqual(rungsOf({ eta: 2, maxIter: 8, brackets: 5 }, 8), [1, 2, 4]);
  });

  it('leave at least one epoch, and are none where training is too short', () => {
    assert.deepEqual(rungsOf({ eta: 3, minIter: 3 }, 3), []);
    assert.deepEqual(rungsOf({ eta: 3, maxIter: 90, brackets: 1 }, 10), []);
  });
});

describe('successive halving', () => {
  it('keeps one in eta at each rung, and at least one', async () => {
    const curves = Array.from({ length: 27 }, (_, i) => ({ limit: 0.5 + i / 100, rate: 0.3 }));
    const { survivors, stopped } = await halved(curves, [1, 3, 9], 3);
    assert.deepEqual(survivors, [curves[26]]);
    const at = (rung: number) => stopped.filter((one) => one.rung === rung).length;
    assert.deepEqual([at(1), at(3), at(9)], [18, 6, 2]);
    assert.equal(survivorCount(2, 3), 1);
  });

  it('ends with the best curve where curves do not cross, whatever their order', async () => {
    const stream = new RandomStream(1, 'curves');
    for (let n = 2; n < 40; n++) {
      const curves = Array.from({ length: n }, () => ({ limit: stream.uniform(), rate: 0.2 }));
      const best = curves.reduce((a, b) => (a.limit > b.limit ? a : b));
      const { survivors } = await halved(curves, [1, 2, 4, 8, 16], 2);
      assert.ok(survivors.includes(best), `${n}`);
      const turned = await halved([...curves].reverse(), [1, 2, 4, 8, 16], 2);
      assert.deepEqual([...turned.survivors].reverse(), survivors);
    }
  });

  it('trains far fewer epochs than all curves to their end', async () => {
    const curves = Array.from({ length: 81 }, (_, i) => ({ limit: i / 81, rate: 0.1 }));
    const { epochs, survivors } = await halved(curves, [1, 3, 9, 27], 3);
    assert.equal(epochs, 81 + 27 * 2 + 9 * 6 + 3 * 18);
    assert.equal(survivors.length, 1);
  });

  it('ends a late starter early: what it cannot know, it does not keep', async () => {
    const late = { limit: 1, rate: 0.01 };
    const early = { limit: 0.6, rate: 2 };
    const { survivors } = await halved([late, early], [1], 2);
    assert.deepEqual(survivors, [early]);
  });

  it('keeps the earlier of equals; what is no number goes on last', async () => {
    const values = [Number.NaN, 0.5, 0.5, Number.NEGATIVE_INFINITY];
    const survivors = await successiveHalving({
      candidates: [0, 1, 2, 3],
      rungs: [1],
      eta: 4,
      valueAt: async (i) => values[i],
    });
    assert.deepEqual(survivors, [1]);
    const half = await successiveHalving({
      candidates: [0, 1, 2, 3],
      rungs: [1],
      eta: 2,
      valueAt: async (i) => values[i],
    });
    assert.deepEqual(half, [1, 2]);
  });
});

/** Examples whose pixels have as many levels as those of an image file. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { row } from '../../src/arrays.ts';
import { attackNamed, isWithin, type Norm, planAttack } from '../../src/attacks/index.ts';
import { checkLevels, joinRecords } from '../../src/evaluation/index.ts';
import { roundToLevels, threatOnLevels } from '../../src/evaluation/levels.ts';
import { attack, evaluate, startEngine } from '../../src/index.ts';
import { bandModel, bands } from '../library/models.ts';

const LEVELS = 256;
const isLevel = (value: number) => Math.abs(value * 255 - Math.round(value * 255)) < 1e-4;

/** One image of three pixels on levels, and a point beside it. */
const images = Float32Array.from([100 / 255, 0, 200 / 255]);
const rounded = async (
  norm: Norm,
  eps: number,
  point: readonly number[],
  reaches: (point: Float32Array) => boolean = () => true,
) =>
  Array.from(
    await roundToLevels(
      { norm, eps },
      { images, labels: Int32Array.from([0]) },
      Float32Array.from(point),
      LEVELS,
      async (points, rows) => rows.map((_, i) => reaches(row(points, i, 3))),
    ),
    (value) => value * 255,
  ).map((value) => Number(value.toFixed(3)));

describe('rounding to levels', () => {
  it('takes the nearest ones', async () => {
    assert.deepEqual(await rounded('L2', 10, [100.4 / 255, 0, 210.6 / 255]), [100, 0, 211]);
  });

  it('stays within the budget: in Linf 25.5 levels away becomes 25', async () => {
    assert.deepEqual(await rounded('Linf', 0.1, [125.5 / 255, 0, 174.5 / 255]), [125, 0, 175]);
  });

  it('leaves pixels alone that the attack did not change', async () => {
    const own = Float32Array.from([0.5003, 0, 1]);
    const point = Float32Array.from([0.5003, 1, 1]);
    const reached = await roundToLevels(
      { norm: 'L0', eps: 1 },
      { images: own, labels: Int32Array.from([0]) },
      point,
      LEVELS,
      async () => [true],
    );
    assert.deepEqual(reached, point);
  });

  it('goes a little further where the nearest levels do not do', async () => {
    const isFar = (point: Float32Array) => point[2] * 255 > 210.9;
    assert.deepEqual(await rounded('L2', 10, [100 / 255, 0, 210.4 / 255], isFar), [100, 0, 211]);
  });

  it('rounds toward the image where nothing does', async () => {
    assert.deepEqual(
      await rounded('L2', 10, [100 / 255, 0, 210.6 / 255], () => false),
      [100, 0, 210],
    );
  });

  it('wants a budget in Linf of whole levels: 25.5 become 25, 8 / 255 stays', () => {
    const budgetOf = (eps: number) => threatOnLevels({ norm: 'Linf', eps }, LEVELS).eps;
    assert.equal(budgetOf(0.1), 25 / 255);
    assert.equal(budgetOf(8 / 255), 8 / 255);
    assert.equal(budgetOf(0.001), 0);
    const free = { norm: 'L2', eps: 0.123 } as const;
    assert.deepEqual(threatOnLevels(free, LEVELS), free);
  });

  for (const levels of [0, 1, 2.5, 65537, Number.NaN]) {
    it(`refuses ${levels} levels`, () => {
      assert.throws(() => checkLevels(levels), { code: 'bad-plan' });
    });
  }
});

describe('an attack with levels', () => {
  before(() => startEngine('auto', 1));
  const model = bandModel('plain');
  const data = bands('bands/test', 40);
  const inBytes = (values: Float32Array) => values.every(isLevel);

  for (const [name, norm, eps] of [
    ['pgd', 'Linf', 0.2],
    ['pgd', 'L2', 3],
    ['fmn', 'L2', undefined],
    ['square', 'Linf', 0.2],
  ] as const) {
    it(`${name} in ${norm}: legal examples on levels, counted as they are`, async () => {
      const plan = planAttack(attackNamed(name), { norm, ...(eps !== undefined && { eps }) });
      const exact = await attack({ model, data, plan });
      const found = await attack({ model, data, plan, levels: LEVELS });
      assert.ok(inBytes(found.images), 'every pixel is a byte');
      assert.equal(exact.survived, undefined);
      const { hits, total } = found.survived ?? { hits: 0, total: 0 };
      assert.ok(hits > 0 && hits <= total, `${hits} of ${total}`);
      assert.ok(found.success.filter(Boolean).length >= hits);
      found.legal.forEach((isLegal, i) => {
        assert.ok(isLegal, `${i}`);
        const point = row(found.images, i, found.images.length / 40);
        const original = row(exactImages(), i, point.length);
        assert.ok(isWithin(plan.threat, original, point), `${i}`);
      });
    });
  }
  const exactImages = () => Float32Array.from(data.images, (byte) => byte / 255);

  it('is another measurement: such records are not joined with exact ones', async () => {
    const options = {
      models: [model],
      data: { test: data, source: 'bands' },
      attacks: [planAttack(attackNamed('fgsm'), { eps: 0.2 })],
      samples: 20,
    };
    const exact = await evaluate(options);
    const rough = await evaluate({ ...options, levels: 16 });
    assert.equal(rough.levels, 16);
    assert.throws(() => joinRecords([exact, rough]), {
      code: 'foreign-record',
      message: /float32 and 16 levels/,
    });
  });
});

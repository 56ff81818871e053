/** What reproductions make of records, against values worked out by hand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EvaluationRecord } from '../../src/evaluation/index.ts';
import { carlini2017, correlation } from '../../src/experiments/reproductions/carlini-2017.ts';
import { REPRODUCTION_NAMES, REPRODUCTIONS } from '../../src/experiments/reproductions/names.ts';
import { papernot2016 } from '../../src/experiments/reproductions/papernot-2016.ts';
import { reproductionNamed } from '../../src/experiments/reproductions/registry.ts';
import {
  claimIn,
  hottest,
  subjectAt,
  unlearned,
} from '../../src/experiments/reproductions/reproduction.ts';
import { trialId } from '../../src/experiments/trial.ts';
import { settingsAt } from './trials.ts';

const MNIST = { classes: 10, shape: [28, 28, 1] } as const;
const close = (a: number | undefined, b: number) =>
  assert.ok(Math.abs((a ?? Number.NaN) - b) < 1e-9, `${a} ${b}`);

/** An attack toward two classes of each image: distances by image; negative: not reached. */
function attack(name: string, loss: string, distances: readonly (readonly [number, number])[]) {
  const all = distances.flat();
  return {
    attack: name,
    loss,
    positions: distances.flatMap((_, i) => [i, i]),
    distance: all.map(Math.abs),
    success: all.map((distance) => distance >= 0),
  };
}

function record(attacks: readonly ReturnType<typeof attack>[], largest: readonly number[] = [1]) {
  const rate = { hits: 9, total: 10, rate: 0.9, low: 0.6, high: 0.98 };
  const models = [
    { accuracy: rate, gradients: [{ loss: 'softmax', zero: rate, largest }], gaps: [4] },
  ];
  return { models, attacks } as unknown as EvaluationRecord;
}

const at = (temperature: number | null, ...records: EvaluationRecord[]) => ({
  ...subjectAt(temperature),
  records,
});

describe('reproductions', () => {
  it('plan the published budget and every class', () => {
    const planned = papernot2016.attacks(subjectAt(5), MNIST);
    assert.deepEqual(
      planned.map(({ plan: { threat, loss }, target }) => [threat.norm, threat.eps, loss, target]),
      [
        ['L0', 112, 'softmax', 'every'],
        ['L0', 112, 'temperature', 'every'],
      ],
    );
    const names = (temperature: number | null) =>
      carlini2017.attacks(subjectAt(temperature), MNIST).map(({ plan }) => plan.attack.name);
    assert.deepEqual(names(null), ['cw-l0', 'cw-l2', 'cw-linf']);
    assert.deepEqual(names(100), ['cw-l0', 'cw-l2', 'cw-linf']);
    assert.deepEqual(names(50), ['cw-l2'], 'between them only what the correlation needs');
  });

  it('count success over classes, features over successes, gradients over those that are left', () => {
    const one = record(
      [
        attack('jsma', 'softmax', [
          [8, -112],
          [-112, -112],
        ]),
        attack('jsma', 'temperature', [
          [8, 12],
          [40, 20],
        ]),
      ],
      [0, 1e-3, 1e-5],
    );
    const claims = papernot2016.claims([at(null, one), at(5, one)]);
    const measured = (figure: string) => claimIn(claims, figure, 'T = 5')?.measured;
    close(measured('success of JSMA on the softmax output')?.mean, 0.25);
    close(measured('success of JSMA on softmax(Z / T)')?.mean, 1);
    close(measured('features changed by JSMA on softmax(Z / T), mean of its successes')?.mean, 20);
    close(
      measured(
        'log10 of the largest softmax-loss gradient, mean of the images where it is not zero',
      )?.mean,
      -4,
    );
    assert.equal(
      claimIn(claims, 'success of JSMA on the softmax output', 'T = 5')?.published,
      0.24,
    );
    assert.match(papernot2016.answer(claims), /25\.0 % .* at T = 5; .*100\.0 %/);
    assert.match(papernot2016.answer(claims), /too few images/, 'two images tell nothing apart');
  });

  it('say of a network that has not learned its task that its figures say nothing', () => {
    const one = record([attack('jsma', 'softmax', [[8, 8]])]);
    const poor = structuredClone(one);
    poor.models[0].accuracy.rate = 0.1;
    const claims = papernot2016.claims([at(null, one), at(5, one), at(100, poor)]);
    assert.deepEqual(
      unlearned(claims).map(({ model }) => model),
      ['T = 100'],
    );
    assert.equal(hottest(claims), 'T = 5');
    assert.match(papernot2016.answer(claims), /at T = 5/);
    assert.match(papernot2016.answer(papernot2016.claims([at(null, one), at(100, poor)])), /^No /);
  });

  it('take the nearest, average and farthest class of images whose classes were all reached', () => {
    const one = record([
      attack('cw-l2', 'margin', [
        [1, 3],
        [2, 6],
        [1, -9],
      ]),
    ]);
    const claims = carlini2017.claims([at(null, one)]);
    const mean = (which: string) =>
      claimIn(claims, `L2 distance to the ${which} class`, 'undistilled');
    close(mean('nearest')?.measured?.mean, 1.5);
    close(mean('average')?.measured?.mean, 3);
    close(mean('farthest')?.measured?.mean, 4.5);
    assert.equal(mean('average')?.published, 1.76);
    const missing = claimIn(claims, 'L0 distance to the average class', 'undistilled');
    assert.deepEqual([missing?.published, missing?.measured], [16, null]);
  });

  it('give the interval over seeds where there are several', () => {
    const seeds = [1, 2, 3].map((far) => record([attack('cw-l2', 'margin', [[far, far]])]));
    const claims = carlini2017.claims([at(100, ...seeds)]);
    const measured = claimIn(claims, 'L2 distance to the average class', 'T = 100')?.measured;
    close(measured?.mean, 2);
    close(measured?.high, 2 + 4.303 / Math.sqrt(3));
    assert.equal(measured?.count, 3);
  });

  it('correlate temperature and distance as Pearson does, with Fisher’s interval', () => {
    const found = correlation([
      [1, 1],
      [2, 3],
      [3, 2],
      [4, 5],
      [5, 4],
    ]);
    close(found?.mean, 0.8);
    close(found?.low, Math.tanh(Math.atanh(0.8) - 1.96 / Math.sqrt(2)));
    assert.equal(
      correlation([
        [1, 1],
        [2, 2],
        [3, 3],
      ]),
      null,
      'too few to say anything',
    );
  });

  it('have an answer and facts for every name, whatever was measured', () => {
    for (const name of REPRODUCTION_NAMES) {
      const reproduction = reproductionNamed(name);
      assert.doesNotMatch(reproduction.answer([]), /undefined|NaN/);
      assert.ok(REPRODUCTIONS[name].temperatures.length > 0);
    }
  });

  it('leave the ids of sweeps’ trials as they are, and tell papers apart', () => {
    const settings = settingsAt({ temperature: 5 }, 1);
    const ids = [settings, { ...settings, paper: 'seed' as const }].map(trialId);
    assert.notEqual(ids[0], ids[1]);
    assert.equal(trialId({ ...settings, paper: 'seed', isUndistilled: true }) === ids[1], false);
  });
});

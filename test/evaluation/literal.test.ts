/** Records made by hand, with the numbers that must come out of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AttackRecord,
  type Certificates,
  FLAG_CODES,
  judgeGates,
  type ModelRecord,
  parseGate,
  rateOf,
  robustImages,
  summarizeAccuracy,
  targetDistances,
  targetRates,
} from '../../src/evaluation/index.ts';
import {
  attackOn,
  exactRate,
  firstOf,
  modelRecord,
  recordOf,
  smallest,
  within,
} from './handmade.ts';

const LABELS = new Array<number>(100).fill(3);
const model = modelRecord('student', LABELS);
const lossesOf = (losses: readonly string[], zero: number, wrongSigns = 0) =>
  model.gradients.map((one) =>
    losses.includes(one.loss)
      ? { ...one, zero: exactRate(zero), wrongSigns: exactRate(wrongSigns) }
      : one,
  );
const withAnswers = (answers: Partial<ModelRecord['answers']>): ModelRecord => ({
  ...model,
  answers: { ...model.answers, ...answers },
});

describe('accuracy', () => {
  it('has true classes by row and predicted ones by column', () => {
    const { accuracy, perClass, confusion } = summarizeAccuracy(
      [0, 1, 1, 2, 2, 2],
      [0, 0, 0, 1, 2, 2],
      3,
    );
    assert.deepEqual(confusion, [
      [1, 2, 0],
      [0, 0, 1],
      [0, 0, 2],
    ]);
    assert.deepEqual([accuracy.hits, accuracy.total], [3, 6]);
    assert.deepEqual(
      perClass.map(({ hits, total }) => [hits, total]),
      [
        [1, 3],
        [0, 1],
        [2, 2],
      ],
    );
  });
});

describe('targets', () => {
  // Two images of class 0 with targets 1, 2, 3: two are reached on the first, all on the second.
  const attack = attackOn('student', [true, true, false, true, true, true], smallest, {
    target: 'every',
    positions: [0, 0, 0, 1, 1, 1],
    targets: [1, 2, 3, 1, 2, 3],
    distance: [0.1, 0.2, 0.9, 0.6, 0.4, 0.5],
  });

  it('are best, average and worst by image', () => {
    const { best, average, worst } = targetRates(attack);
    assert.deepEqual([best.hits, best.total, best.rate], [2, 2, 1]);
    assert.deepEqual([average.hits, average.total, average.rate], [5, 6, 5 / 6]);
    assert.deepEqual([worst.hits, worst.total, worst.rate], [1, 2, 0.5]);
  });

  it('have distances over the images whose targets were all reached', () => {
    assert.deepEqual(targetDistances(attack), { best: 0.4, average: 0.5, worst: 0.6, images: 1 });
    const none = { ...attack, success: attack.success.map(() => false) };
    assert.equal(targetDistances(none), undefined);
  });
});

describe('worst cases', () => {
  const labels = [1, 1, 1, 1, 1, 1];
  const own = modelRecord('student', labels, { predicted: [1, 1, 1, 1, 1, 0] });
  const only = (row: number) => labels.map((_, i) => i === row);

  it('count every attack of the norm within the budget, and no other', () => {
    const threat = { norm: 'Linf', eps: 0.2 } as const;
    const attacks = [
      attackOn('student', only(9), within(0.2)),
      attackOn('student', only(0), within(0.1)),
      attackOn('student', only(1), within(0.3), { distance: labels.map(() => 0.3) }),
      attackOn('student', only(2), smallest, { distance: labels.map(() => 0.2) }),
      attackOn('student', only(3), smallest, { distance: labels.map(() => 0.2001) }),
      attackOn('student', only(4), within(0.1), { norm: 'L2' }),
    ];
    assert.deepEqual(robustImages(own, attacks, labels, threat), [
      false, // a smaller budget succeeded
      true, // only a larger budget succeeded
      false, // a smallest perturbation that is just small enough
      true, // one that is not
      true, // another norm
      false, // wrong when clean
    ]);
    const { worstCases } = recordOf([own], attacks, { labels });
    assert.deepEqual(
      worstCases.map(({ norm, eps, hits, total }) => [norm, eps, hits, total]),
      [
        ['Linf', 0.2, 3, 6],
        ['Linf', 0.1, 4, 6],
        ['Linf', 0.3, 1, 6],
        ['L2', 0.1, 4, 6],
      ],
    );
  });
});

/** For every flag: measurements exactly at its threshold, and just above it. */
const large = (robust: number) =>
  attackOn('student', firstOf(100 - robust, 100), within(0.5), { robust: exactRate(robust / 100) });
const steps = (count: number, won: number, images = 100) =>
  attackOn('student', firstOf(won, images), within(0.1), { options: { steps: count } });
/** The first `broken` of 100 images are broken, all others certified. */
const certificatesAt = (eps: number, broken: number): Certificates => ({
  model: 'student',
  norm: 'Linf',
  eps,
  certified: rateOf(100 - broken, 100),
  seconds: 1,
  outcomes: firstOf(broken, 100).map((isBroken) => (isBroken ? 'broken' : 'certified')),
});
const AT_AND_ABOVE: Readonly<Record<string, (isAbove: boolean) => Parameters<typeof recordOf>>> = {
  'unchecked-range': (above) => [[{ ...model, pixelRange: above ? 'assumed' : 'stated' }], []],
  'probabilities-as-logits': (above) => [
    [withAnswers({ probabilities: exactRate(above ? 0.951 : 0.95) })],
    [],
  ],
  'random-answers': (above) => [[withAnswers({ unstable: exactRate(above ? 0.011 : 0.01) })], []],
  'quantized-input': (above) => [[withAnswers({ insensitive: exactRate(above ? 0.51 : 0.5) })], []],
  'masked-gradients': (above) => [
    [{ ...model, gradients: lossesOf(['dlr'], above ? 0.051 : 0.05) }],
    [],
  ],
  'vanished-gradients': (above) => [
    [{ ...model, gradients: lossesOf(['logits'], 0, above ? 0.51 : 0.5) }],
    [],
  ],
  'illegal-candidates': (above) => [
    [model],
    [
      attackOn('student', firstOf(100, 100), within(0.1), {
        legal: LABELS.map((_, i) => !(above && i === 7)),
      }),
    ],
  ],
  'unverified-examples': (above) => [
    [model],
    [attackOn('student', firstOf(100, 100), within(0.1), { unverified: above ? 1 : 0 })],
  ],
  'certified-and-broken': (above) => [
    [model],
    [attackOn('student', firstOf(10, 100), within(0.1))],
    { certificates: [certificatesAt(0.1, above ? 9 : 10)] },
  ],
  'failed-attack': (above) => [
    [model],
    [],
    { failures: above ? [{ model: 'student', attack: 'pgd', message: 'not finite' }] : [] },
  ],
  // Six images that only one of two attacks breaks are significant (2 / 2^6), five are not.
  'single-step-beats-iterative': (above) => [
    [model],
    [
      attackOn('student', firstOf(above ? 56 : 55, 100), within(0.1), { attack: 'fgsm' }),
      attackOn('student', firstOf(50, 100), within(0.1), { attack: 'bim' }),
    ],
  ],
  'black-box-beats-white-box': (above) => [
    [model],
    [
      attackOn('student', firstOf(above ? 56 : 55, 100), within(0.1), {
        attack: 'square',
        loss: null,
      }),
      attackOn('student', firstOf(50, 100), within(0.1), { attack: 'pgd' }),
    ],
  ],
  // Ten classes: guessing leaves 0.1, so that the threshold is 15 of 100.
  'large-budget-fails': (above) => [[model], [large(above ? 15.1 : 14.9)]],
  'stronger-is-weaker': (above) => [[model], [steps(10, above ? 56 : 55), steps(20, 50)]],
  'minimal-attack-fails': (above) => [
    [model],
    [attackOn('student', firstOf(above ? 94 : 95, 100), smallest, { attack: 'fmn', loss: null })],
  ],
  'minimal-attack-beaten': (above) => [
    [model],
    [
      attackOn('student', firstOf(10, 100), within(0.1)),
      attackOn('student', firstOf(100, 100), smallest, {
        attack: 'fmn',
        loss: null,
        distance: LABELS.map((_, i) => (i < (above ? 4 : 5) ? 0.1 : 0.2)),
      }),
    ],
  ],
  // Six and seven of 200 images: 3 and 3.5 points.
  'not-converged': (above) => [
    [modelRecord('student', new Array<number>(200).fill(3))],
    [steps(10, 100, 200), steps(20, above ? 107 : 106, 200)],
  ],
  'logit-scale': (above) => [
    [{ ...model, gaps: LABELS.map(() => (above ? 5.001 : 5)) }, modelRecord('baseline', LABELS)],
    [],
  ],
};

describe('flags', () => {
  it('are raised above their threshold and not at it', () => {
    assert.deepEqual(Object.keys(AT_AND_ABOVE), [...FLAG_CODES]);
    for (const [code, measured] of Object.entries(AT_AND_ABOVE)) {
      assert.deepEqual(recordOf(...measured(false)).flags, [], `${code} at its threshold`);
      assert.deepEqual(
        recordOf(...measured(true)).flags.map((flag) => [flag.code, flag.model]),
        [[code, 'student']],
        `${code} above its threshold`,
      );
    }
  });

  const codesOf = (own: ModelRecord, attacks: readonly AttackRecord[]) =>
    recordOf([own], attacks).flags.map(({ code, severity }) => `${code} ${severity}`);

  it('are notes where a flag explains them, serious where none does, or always the one', () => {
    const [, attacks] = AT_AND_ABOVE['minimal-attack-fails'](true);
    const [, [first, second]] = AT_AND_ABOVE['not-converged'](true);
    const all = [...attacks, { ...first, unverified: 1 }, second];
    const notes = ['minimal-attack-beaten note', 'not-converged note'];
    assert.deepEqual(codesOf(model, all), [
      'unverified-examples serious',
      'minimal-attack-fails serious',
      ...notes,
    ]);
    assert.deepEqual(codesOf({ ...model, gradients: lossesOf(['softmax', 'dlr'], 0.9) }, all), [
      'masked-gradients serious',
      'vanished-gradients note',
      'unverified-examples serious',
      'minimal-attack-fails note',
      ...notes,
    ]);
  });

  it('excuse by vanished gradients only the attacks whose loss vanishes', () => {
    const vanished = { ...model, gradients: lossesOf(['softmax', 'logits'], 0.9) };
    const square = attackOn('student', firstOf(60, 100), within(0.1), { attack: 'square' });
    const pgd = (loss: 'softmax' | 'temperature' | 'margin', won = 50) =>
      attackOn('student', firstOf(won, 100), within(0.1), { loss });
    const beaten = 'black-box-beats-white-box';
    const cause = 'vanished-gradients serious';
    assert.deepEqual(codesOf(vanished, [square, pgd('softmax')]), [cause, `${beaten} note`]);
    assert.deepEqual(codesOf(vanished, [square, pgd('margin')]), [cause, `${beaten} serious`]);
    assert.deepEqual(codesOf(vanished, [square, pgd('softmax'), pgd('margin', 40)]), [
      cause,
      `${beaten} serious`,
    ]);
    // At T = 1 the temperature loss is the cross-entropy of the logits.
    const temperature = [square, pgd('temperature')];
    assert.deepEqual(codesOf(vanished, temperature), [cause, `${beaten} note`]);
    const student = { ...vanished, temperature: 40 };
    assert.deepEqual(codesOf(student, temperature), [cause, `${beaten} serious`]);
  });

  it('compare attacks on the images of both, whatever rows these are', () => {
    // The shorter attack visited images 50 to 99 alone, and won on the same ones.
    const whole = attackOn('student', firstOf(70, 100), within(0.1), { attack: 'bim' });
    const part = attackOn('student', firstOf(20, 50), within(0.1), {
      attack: 'fgsm',
      positions: Array.from({ length: 50 }, (_, i) => 50 + i),
    });
    assert.deepEqual(codesOf(model, [whole, part]), []);
    const better = { ...part, success: firstOf(26, 50), robust: exactRate(0.2) };
    const [flag] = recordOf([model], [whole, better]).flags;
    assert.deepEqual([flag.code, flag.value], ['single-step-beats-iterative', 6 / 50]);
  });
});

describe('gates', () => {
  const labels = new Array<number>(5).fill(1);
  const baseline = modelRecord('baseline', labels);
  const student = modelRecord('student', labels, { predicted: [1, 1, 1, 1, 0] });
  const distance = [0.5, 0.1, 0.9, 0.2, 0.05];
  const fmn = (success: readonly boolean[]) =>
    attackOn('student', success, smallest, { attack: 'fmn', loss: null, distance });
  const judge = (text: string, success: readonly boolean[], on: 'estimate' | 'interval') => {
    const [result] = judgeGates(
      [parseGate(text)],
      recordOf([baseline, student], [fmn(success)], { labels }),
      on,
    );
    return [result.value, result.met];
  };
  const half = [true, true, false, true, false];

  it('take the median over all images, a failure being farther than every success', () => {
    const median = 'student: median distance of fmn Linf';
    assert.deepEqual(judge(`${median} >= 0.5`, half, 'estimate'), [0.5, true]);
    assert.deepEqual(judge(`${median} > 0.5`, half, 'estimate'), [0.5, false]);
    const few = [false, true, false, true, false];
    assert.deepEqual(judge(`${median} <= 1`, few, 'estimate'), [Number.MAX_VALUE, false]);
  });

  it('compare as they say, also where both sides are equal', () => {
    const outcomes = (value: string) =>
      ['>=', '<=', '>', '<'].map(
        (sign) => judge(`student: accuracy ${sign} ${value}`, half, 'estimate')[1],
      );
    assert.deepEqual(outcomes('0.8'), [true, true, false, false]);
    assert.deepEqual(outcomes('0.79'), [true, false, true, false]);
    assert.deepEqual(outcomes('0.81'), [false, true, false, true]);
  });

  it('hold the low end of an interval against a least value, the high end against a most', () => {
    // Clopper and Pearson for 4 of 5.
    const end = (text: string) => Number(judge(text, half, 'interval')[0]).toFixed(4);
    for (const sign of ['>=', '>']) assert.equal(end(`student: accuracy ${sign} 0.5`), '0.2836');
    for (const sign of ['<=', '<']) assert.equal(end(`student: accuracy ${sign} 0.5`), '0.9949');
    assert.equal(judge('student: accuracy drop <= 0.2', half, 'estimate')[1], true);
    assert.ok(
      Math.abs(Number(judge('student: accuracy drop <= 1', half, 'estimate')[0]) - 0.2) < 1e-12,
    );
  });
});

describe('paired tests', () => {
  it('say which model gained and lost, and correct the p-values in their own order', () => {
    const labels = new Array<number>(20).fill(1);
    const first = modelRecord('first', labels);
    const second = modelRecord('second', labels, {
      predicted: labels.map((_, i) => (i < 2 ? 0 : 1)),
    });
    const attacks = [
      attackOn('first', firstOf(10, 20), within(0.1)),
      attackOn('second', firstOf(2, 20), within(0.1)),
    ];
    const { tests } = recordOf([first, second], attacks, { labels });
    assert.deepEqual(
      tests.map(({ metric, onlyFirst, onlySecond, p, holm }) => [
        metric,
        onlyFirst,
        onlySecond,
        p.toPrecision(12),
        holm.toPrecision(12),
      ]),
      [
        ['accuracy', 2, 0, '0.500000000000', '0.500000000000'],
        ['robust accuracy (Linf 0.1)', 0, 8, '0.00781250000000', '0.0156250000000'],
      ],
    );
  });
});

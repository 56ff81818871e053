/** What a verdict needs: records made by hand, in which one kind of evidence is missing at a time. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  type AttackIdentity,
  type AttackRecord,
  EVIDENCE_CODES,
  type EvaluationRequest,
  evidenceTitle,
  identityOf,
  type ModelRecord,
  namedAttacks,
  nameOfAttack,
  presetAttacks,
  type Verdict,
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

const IMAGES = 100;
const LABELS = new Array<number>(IMAGES).fill(3);
const EPS = 8 / 255;

/** Ratios of a gradient that is right on the first `truthful` images. */
const truthAt = (eps: number, truthful: number, norm: 'Linf' | 'L0' = 'Linf') => ({
  norm,
  eps,
  scales: [0.1, 1],
  ratios: [
    LABELS.map(() => 1),
    LABELS.map((_, i) => (i < truthful ? 0.5 : i % 3 === 0 ? null : i % 3 === 1 ? 0.09 : 3.1)),
  ],
});
const model = modelRecord('student', LABELS, {
  gradientTruth: [truthAt(EPS, 90), truthAt(0.1, 90)],
});
type Changes = Parameters<typeof attackOn>[3];
const pgd = (won: number, changes: Changes = {}, eps = EPS) =>
  attackOn('student', firstOf(won, IMAGES), within(eps), {
    options: { steps: 40 },
    ...changes,
  });
const more = (won: number, steps = 100) => pgd(won, { options: { steps } });
const large = (won: number) => pgd(won, {}, 0.5);
const square = (won: number) => pgd(won, { attack: 'square', options: { queries: 200 } });
const surrogate = (won: number) => pgd(won, { attack: 'surrogate', options: { queries: 100 } });
const free = (won: number) => [square(won), surrogate(0)];

/** All that a verdict needs: robust accuracy is at most 60 %. */
const COMPLETE = [pgd(40), more(40), large(85), ...free(40)];
const configuration = { data: "it's/here", samples: 60 };
const verdictsOn = (attacks: readonly AttackRecord[], own: ModelRecord = model): Verdict[] =>
  recordOf([own], attacks, { configuration, seed: 7 }).verdicts;
const verdictOn = (attacks: readonly AttackRecord[], own?: ModelRecord): Verdict => {
  const [verdict] = verdictsOn(attacks, own);
  return verdict;
};
/** What is missing, with what was found instead. */
const absent = ({ evidence }: Verdict) =>
  evidence.filter(({ met }) => !met).map(({ code, detail }) => `${code}: ${detail}`);
const losses = (loss: string, zero: number) =>
  model.gradients.map((one) => (one.loss === loss ? { ...one, zero: exactRate(zero) } : one));

describe('a bound', () => {
  it('is given when all evidence was seen', () => {
    const verdict = verdictOn(COMPLETE);
    assert.deepEqual(absent(verdict), []);
    assert.deepEqual(
      verdict.evidence.map(({ code }) => code),
      EVIDENCE_CODES,
    );
    const { norm, eps, ruling, settled, rate, reason, request } = verdict;
    assert.deepEqual(
      { norm, eps, ruling, settled, reason, request },
      {
        norm: 'Linf',
        eps: EPS,
        ruling: 'bounded',
        settled: true,
        reason: 'robust accuracy (Linf 0.03137) at most 60.00 %',
        request: null,
      },
    );
    assert.deepEqual([rate?.hits, rate?.total], [60, 100]);
  });

  it('needs an iterative attack with live gradients on a loss that cannot vanish', () => {
    const none = 'gradient-attack: none was run';
    const other = (changes: Changes) => {
      const attacks = [pgd(40, changes), pgd(40, { ...changes, options: { steps: 100 } })];
      return absent(verdictOn([...attacks, large(85), ...free(40)]))[0];
    };
    assert.equal(other({ loss: 'softmax' }), none);
    assert.equal(other({ loss: 'temperature' }), none);
    assert.equal(other({ attack: 'fgsm' }), none);
    assert.equal(other({ attack: 'transfer' }), none);
    assert.equal(absent(verdictOn([pgd(40, { options: { steps: 9 } })]))[0], none);
    const student = { ...model, temperature: 40 };
    const soft = [40, 100].map((steps) => pgd(40, { loss: 'temperature', options: { steps } }));
    assert.deepEqual(absent(verdictOn([...soft, large(85), ...free(40)], student)), []);

    assert.deepEqual(
      absent(verdictOn(COMPLETE, { ...model, gradients: losses('margin', 0.05) })),
      [],
    );
    const dead = verdictOn(COMPLETE, { ...model, gradients: losses('margin', 0.051) });
    assert.match(absent(dead)[0], /^gradient-attack: .* is zero on 5\.10 % of the images$/);
    assert.equal(dead.ruling, 'open');
  });

  it('needs such an attack at a large budget to reach chance', () => {
    const least = 'large-budget: at Linf 0.5 it leaves 16.00 %; guessing gives 10.00 %';
    assert.deepEqual(absent(verdictOn([pgd(40), more(40), ...free(40), large(84)])), [least]);
    assert.deepEqual(absent(verdictOn([pgd(40), more(40), ...free(40)])), [
      'large-budget: none was run',
    ]);
  });

  it('needs attacks without gradients to do no better', () => {
    const with_ = (won: number) => absent(verdictOn([pgd(40), more(40), large(85), ...free(won)]));
    // Five images more are chance (exact McNemar test), six are not.
    assert.deepEqual(with_(45), []);
    assert.deepEqual(with_(46), [
      'gradient-free: square Linf 0.03137 queries=200 wins on 6.00 % of the images more',
    ]);
    assert.deepEqual(absent(verdictOn([pgd(40), more(40), large(85)])), [
      'gradient-free: square and surrogate not run',
    ]);
    assert.deepEqual(absent(verdictOn([pgd(40), more(40), large(85), square(40)])), [
      'gradient-free: surrogate not run',
    ]);
    const beaten = [pgd(40), more(40), large(85), square(40), surrogate(50)];
    assert.match(absent(verdictOn(beaten))[0], /^gradient-free: surrogate .* wins on 10\.00 %/);
  });

  it('needs the gradient to tell the truth', () => {
    const lying = { ...model, gradientTruth: [truthAt(EPS, 89)] };
    const verdict = verdictOn(COMPLETE, lying);
    assert.deepEqual(absent(verdict), [
      'gradient-truth: predicted and measured change of the margin agree on 89.00 % of 100 images',
    ]);
    assert.equal(verdict.request, null, 'no attack can change that');
    assert.deepEqual(absent(verdictOn(COMPLETE, { ...model, gradientTruth: [] })), [
      'gradient-truth: not measured',
    ]);
  });

  it('needs more steps or restarts to change nothing', () => {
    assert.deepEqual(absent(verdictOn([pgd(40), large(85), ...free(40)])), [
      'converged: no attack was run with different amounts of steps',
    ]);
    const gaining = [pgd(40), more(46), large(85), ...free(40)];
    assert.deepEqual(absent(verdictOn(gaining)), [
      'converged: more effort still wins 6.00 % of the images',
    ]);
    assert.deepEqual(absent(verdictOn([...gaining, more(46, 400)])), []);
    // A pair that agrees is no evidence where another attack finds much more.
    const apgd = pgd(50, { attack: 'apgd', loss: 'dlr', options: { steps: 100 } });
    assert.match(absent(verdictOn([...COMPLETE, apgd]))[0], /^converged: .* 10\.00 %/);
  });

  it('needs answers that repeat, and asks for the mean of more answers up to a limit', () => {
    const unstable = (share: number, draws?: number) => ({
      ...model,
      answers: { ...model.answers, unstable: exactRate(share) },
      ...(draws !== undefined && { draws }),
    });
    assert.deepEqual(absent(verdictOn(COMPLETE, unstable(0.01))), []);
    const verdict = verdictOn(COMPLETE, unstable(0.011));
    assert.deepEqual(absent(verdict), [
      'repeatable: 1.10 % of the images get other logits when asked again',
    ]);
    assert.deepEqual(verdict.request?.attacks, { preset: 'quick' });
    assert.equal(verdict.request?.draws, 16);
    const averaged = verdictOn(COMPLETE, unstable(0.011, 16));
    assert.deepEqual(absent(averaged), [
      'repeatable: 1.10 % of the images get another class from the mean of 16 draws when asked again',
    ]);
    assert.equal(averaged.request?.draws, 64);
    assert.equal(verdictOn(COMPLETE, unstable(0.011, 256)).request, null);
  });

  it('needs an evaluation that is sound itself', () => {
    const unverified = [...COMPLETE, pgd(40, { attack: 'bim', unverified: 1 })];
    assert.deepEqual(absent(verdictOn(unverified)), ['integrity: unverified-examples']);
    const illegal = pgd(40, { attack: 'bim', legal: LABELS.map((_, i) => i > 0) });
    assert.deepEqual(absent(verdictOn([...COMPLETE, illegal])), ['integrity: illegal-candidates']);
    const probabilities = { ...model.answers, probabilities: exactRate(1) };
    assert.deepEqual(absent(verdictOn(COMPLETE, { ...model, answers: probabilities })), [
      'integrity: probabilities-as-logits',
    ]);
  });

  it('is not withheld for any other flag', () => {
    const vanished = { ...model, gradients: losses('softmax', 0.9) };
    const record = recordOf([vanished], COMPLETE);
    assert.deepEqual(
      record.flags.map(({ severity }) => severity),
      ['serious'],
    );
    assert.equal(record.verdicts[0].ruling, 'bounded');
  });
});

describe('a broken model', () => {
  it('is broken whatever flags there are, and whatever is missing', () => {
    const random = { ...model, answers: { ...model.answers, unstable: exactRate(0.5) } };
    const naive = pgd(100, { attack: 'noise', loss: null, options: {} });
    const { ruling, settled, reason, request, rate } = verdictOn([naive], random);
    assert.deepEqual([ruling, settled, request], ['broken', true, null]);
    assert.equal(reason, 'robust accuracy (Linf 0.03137) at most 0.00 %');
    assert.ok(rate && rate.high > 0.03 && rate.high < 0.04);
  });

  it('is one whose interval ends at a tenth', () => {
    // Wilson: of 100 images 4 leave an interval up to 9.84 %, 5 one up to 11.18 %.
    assert.equal(verdictOn([pgd(96)]).ruling, 'broken');
    assert.equal(verdictOn([pgd(95)]).ruling, 'open');
  });
});

/** What was asked for, as attacks. */
function plannedBy({ norm, eps: budgets, attacks }: EvaluationRequest): AttackIdentity[] {
  const scope = { norm, budgets, source: 'baseline' };
  if ('preset' in attacks) return presetAttacks(attacks.preset, scope).map(identityOf);
  const { names } = attacks;
  const settings = attacks.settings.map(({ attack, ...one }) => ({
    ...one,
    ...(attack !== null && { attack }),
  }));
  const losses = attacks.losses ?? undefined;
  return namedAttacks({ names, losses, settings }, scope).map(identityOf);
}

describe('an open verdict', () => {
  it('comes of noise alone, and asks for what is missing with the exact budget', () => {
    const noise = (eps: number) =>
      pgd(1, { attack: 'noise', loss: null, options: { tries: 10 } }, eps);
    const verdicts = verdictsOn([noise(EPS), noise(0.1)]);
    assert.deepEqual(
      verdicts.map(({ eps, ruling }) => [eps, ruling]),
      [
        [EPS, 'open'],
        [0.1, 'open'],
      ],
    );
    for (const { reason, request } of verdicts) {
      assert.match(reason, /^these attacks leave robust accuracy .* 99\.00 %, but not seen: /);
      assert.deepEqual(request, {
        model: 'models/student',
        attacks: { preset: 'quick' },
        data: "it's/here",
        norm: 'Linf',
        eps: [EPS, 0.1],
        samples: 60,
        seed: 7,
      });
    }
  });

  it('comes of no attack, and of none within a budget', () => {
    for (const attacks of [[], [attackOn('student', firstOf(99, 100), smallest, { norm: 'L2' })]]) {
      const [verdict, ...others] = verdictsOn(attacks);
      assert.deepEqual(others, []);
      const { norm, eps, ruling, rate, reason, request } = verdict;
      assert.deepEqual([norm, eps, ruling, rate], [null, null, 'open', null]);
      assert.equal(reason, 'no untargeted attack was run within a budget');
      assert.deepEqual(request?.attacks, { preset: 'quick' });
      assert.equal(request?.norm, attacks[0]?.norm ?? 'Linf');
    }
  });

  it('never asks for what was done, and ends: the presets, then more than they have', () => {
    // Every attack that climbs gradients finds more than those before it.
    const scope = { norm: 'Linf' as const, budgets: [EPS], source: 'baseline' };
    const [first] = namedAttacks({ names: ['bim'] }, scope).map(identityOf);
    const attacks: AttackRecord[] = [];
    const run = (identity: AttackIdentity) => {
      const isLarge = identity.eps === 0.5;
      const isSound = ['pgd', 'apgd'].includes(identity.attack) && identity.loss !== 'softmax';
      const won = isLarge ? 90 : isSound ? 6 * attacks.length : 5;
      const budget = identity.eps === null ? smallest : within(identity.eps);
      const { budget: _, eps, ...choices } = identity;
      attacks.push(attackOn('student', firstOf(Math.min(won, 90), IMAGES), budget, choices));
    };
    run(first);
    const asked: EvaluationRequest['attacks'][] = [];
    for (let request = verdictOn(attacks).request; request; ) {
      const done = new Set(attacks.map(nameOfAttack));
      const fresh = plannedBy(request).filter((one) => !done.has(nameOfAttack(one)));
      assert.ok(fresh.length > 0, JSON.stringify(request));
      asked.push(request.attacks);
      fresh.forEach(run);
      request = verdictOn(attacks).request;
    }
    const many = (...values: number[]) => ({
      names: ['apgd', 'square', 'surrogate'],
      losses: ['margin'],
      settings: [
        { attack: 'apgd', option: 'steps', values },
        { attack: 'square', option: 'queries', values: [500] },
      ],
    });
    assert.deepEqual(asked.slice(0, 3), [
      { preset: 'quick' },
      { preset: 'standard' },
      many(100, 400),
    ]);
    assert.ok(asked.length <= 4, 'no more steps than anyone waits for');
  });

  it('asks at the large budget too where it asks for attacks by name', () => {
    const scope = { norm: 'Linf' as const, budgets: [EPS], source: 'baseline' };
    const attacks = presetAttacks('standard', scope)
      .map(identityOf)
      .flatMap(({ budget, eps, ...choices }, i) => {
        const won = choices.attack === 'pgd' ? 30 + 3 * i : 10;
        return eps === null
          ? []
          : [attackOn('student', firstOf(won, IMAGES), within(eps), choices)];
      });
    assert.deepEqual(verdictOn(attacks).request?.eps, [EPS, 0.5]);
  });
});

describe('verdicts in L0', () => {
  it('take searches without a budget for attacks within one', () => {
    const own = { ...model, gradientTruth: [truthAt(20, 100, 'L0')] };
    const l0 = { norm: 'L0' as const };
    const fmn = (steps: number, won: number) =>
      attackOn('student', firstOf(won, IMAGES), smallest, {
        ...l0,
        attack: 'fmn',
        options: { steps },
        distance: LABELS.map((_, i) => (i < 30 ? 20 : 21)),
      });
    const jsma = attackOn('student', firstOf(10, IMAGES), within(20), {
      ...l0,
      attack: 'jsma',
      loss: 'temperature',
      options: {},
    });
    const codes = (won: number) =>
      verdictOn([jsma, fmn(100, won), fmn(400, won)], own)
        .evidence.filter(({ met }) => !met)
        .map(({ code }) => code)
        .filter((code) => code !== 'gradient-free');
    assert.deepEqual(codes(95), []);
    assert.deepEqual(codes(94), ['large-budget']);
  });
});

describe('the page on evidence', () => {
  it('has a line for each kind', () => {
    const page = readFileSync('docs/honest-evaluation.md', 'utf8');
    for (const code of EVIDENCE_CODES) {
      assert.match(page, new RegExp(`^\\| \`${code}\` \\| .*${evidenceTitle(code)}`, 'm'));
    }
  });
});

/** The answer that every renderer begins with. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLAG_CODES, rateOf, type Verdict } from '../../src/evaluation/index.ts';
import { answerOf, answerSentences } from '../../src/report/answer.ts';
import { answerChart } from '../../src/report/answer-chart.ts';
import { answerLines } from '../../src/report/answer-lines.ts';
import { standaloneSvg } from '../../src/report/charts/index.ts';
import { flagTexts } from '../../src/report/flag-text.ts';
import { summarize } from '../../src/report/summary.ts';
import { handmade } from './handmade.ts';

const [, hard] = handmade.models;
const ruled = (ruling: Verdict['ruling'], hits = 0) => ({
  ...handmade,
  verdicts: handmade.verdicts.map((one) => ({ ...one, ruling })),
  worstCases: handmade.worstCases.map((one) => ({ ...one, ...rateOf(hits, 8) })),
});

describe('the answer', () => {
  it('of a broken model says what stands, why the best number is none, and how sure that is', () => {
    assert.deepEqual(answerSentences(answerOf(ruled('broken'))), [
      'Not robust: 0 of 8 images stay correct at Linf 0.3 (base: 0).',
      'The 87.5 % under FGSM on softmax is an artifact: that gradient is zero on 75.0 % of the images.',
      'Sure: the model was seen to misclassify every adversarial example (95 % interval 0.0 to 32.4 % stay correct).',
    ]);
  });

  it('of a bounded model is an upper bound, and names no artifact that is not above it', () => {
    const { ruling, finding, artifact, certainty } = answerOf(ruled('bounded', 7));
    assert.equal(ruling, 'bounded');
    assert.equal(finding, 'at most 7 of 8 images stay correct at Linf 0.3 (base: 7).');
    assert.equal(artifact, null);
    assert.match(certainty, /^As sure as attacks can be: .* Only a proof/);
  });

  it('without a verdict says which evidence is missing', () => {
    const { word, certainty } = answerOf(ruled('open', 3));
    assert.equal(word, 'No verdict');
    assert.equal(
      certainty,
      'Not sure: evidence is missing (attacks without the gradients of the model do no better).',
    );
  });

  it('compares with no other model where there is none, and says when nothing was attacked', () => {
    const alone = { ...handmade, models: [hard] };
    assert.equal(answerOf(alone).baseline, null);
    assert.doesNotMatch(answerOf(alone).finding, /\(/);
    assert.deepEqual(answerSentences(answerOf({ ...handmade, attacks: [] })), [
      'Not tested: no attack within a budget was run on the hard.',
      'Nothing is known about robustness.',
    ]);
    assert.match(answerOf({ ...handmade, models: [] }).finding, /holds no model/);
  });

  it('counts targeted attacks where there are no others', () => {
    const targeted = {
      ...ruled('broken'),
      attacks: handmade.attacks.map((attack) => ({ ...attack, target: 'every' as const })),
    };
    assert.match(answerOf(targeted).finding, /^0 of 8 images stay correct at Linf 0.3/);
    assert.equal(answerLines(targeted), undefined);
    assert.match(summarize(targeted).join(' '), /it is broken at this budget/);
  });

  it('holds the figures as data', () => {
    const { model, norm, eps, robust, baseline } = answerOf(handmade);
    assert.deepEqual([model, norm, eps], ['hard', 'Linf', 0.3]);
    assert.deepEqual([robust?.hits, robust?.total, baseline?.model], [0, 8, 'base']);
  });
});

describe('the chart beside it', () => {
  it('has both models, all attacks and the naive ones; those without a gradient are dotted', () => {
    const [{ chart, caption = '' }] = answerChart(handmade);
    const svg = standaloneSvg(chart);
    for (const name of ['base', 'base, softmax', 'hard', 'hard, softmax']) {
      assert.ok(svg.includes(`>${name}</text>`), name);
    }
    assert.equal(svg.match(/stroke-dasharray="2 4"/g)?.length, 2, 'the line and its key');
    assert.match(chart.description, /at eps 0\.3: base 0\.00 %, base, softmax 50\.00 %/);
    assert.equal(
      caption,
      'Points: all attacks on 8 images, with 95 % intervals. Solid: straight lines between them. Dashed: the naive attack alone (softmax); dotted where its gradient is often zero.',
    );
  });

  it('is fine where curves were measured: each image counts until its smallest budget', () => {
    const { norm, eps } = { norm: 'Linf' as const, eps: 0.3 };
    const models = handmade.models.map((model) => ({
      ...model,
      curves: [
        { norm, eps, attack: 'fgsm', loss: 'softmax' as const, budgets: [0.15, 0, null, null] },
        { norm, eps, attack: 'fmn', loss: 'margin' as const, budgets: [0.02, 0, 0.05, 0.4] },
      ],
    }));
    const [{ chart, caption = '' }] = answerChart({ ...handmade, models });
    assert.match(caption, /Solid: the smallest perturbation .* each of the first 4 images\./);
    assert.match(caption, /the naive attack alone \(FGSM on softmax\)/);
    const lines = answerLines({ ...handmade, models })?.lines ?? [];
    const sharesAt = (model: string, at: number) =>
      lines
        .filter((line) => line.model === model)
        .map(({ points }) => points.find((point) => point.eps >= at - 1e-9)?.share);
    // base is wrong on image 1; PGD breaks images 0, 2 and 3 within 0.1.
    assert.deepEqual(sharesAt('base', 0), [0.75, 0.75]);
    assert.deepEqual(sharesAt('base', 0.03), [0.5, 0.75]);
    assert.deepEqual(sharesAt('base', 0.06), [0.25, 0.75]);
    assert.deepEqual(sharesAt('base', 0.1), [0, 0.75]);
    assert.deepEqual(sharesAt('base', 0.3), [0, 0.5]);
    assert.match(chart.description, /base, FGSM on softmax 50\.00 %/);
  });

  it('falls in small steps where smallest perturbations are known, and never rises', () => {
    const attacks = handmade.attacks.map((attack) =>
      attack.attack === 'deepfool'
        ? {
            ...attack,
            norm: 'Linf' as const,
            distance: [0.01, 0.05, 0.07, 0.12, 0.2, 0.2, 0.25, 1],
          }
        : attack,
    );
    const [{ chart }] = answerChart({ ...handmade, attacks });
    const [, path] = /class="line s2" d="M([^"]+)"/.exec(chart.content.text) ?? [];
    const heights = path.split('L').map((point) => Number(point.split(' ')[1]));
    assert.ok(heights.length > 50, `${heights.length} points`);
    // Down the page is up the axis of a picture.
    for (let i = 1; i < heights.length; i++) assert.ok(heights[i] >= heights[i - 1]);
  });

  it('is left out where nothing was attacked', () => {
    assert.deepEqual(answerChart({ ...handmade, attacks: [] }), []);
  });
});

describe('flags in words', () => {
  const flag = (code: string, model: string) => ({
    code,
    model,
    severity: 'note' as const,
    value: 2,
    threshold: 1,
    advice: 'do better',
  });

  it('name each finding once, with all its models', () => {
    const [text, ...others] = flagTexts(['a', 'b', 'c'].map((one) => flag('logit-scale', one)));
    assert.equal(text.found, 'The logits are far larger than usual on a, b and c');
    assert.equal(text.measured, 'a 2, b 2, c 2; raised above 1');
    assert.equal(text.advice, 'Do better.');
    assert.deepEqual(others, []);
  });

  it('there are for every flag; one of a newer program keeps its code', () => {
    for (const code of FLAG_CODES) {
      const [{ found, meaning }] = flagTexts([flag(code, 'a')]);
      assert.match(found, /^[A-Z].* on a$/, code);
      assert.ok(meaning.endsWith('.'), code);
    }
    assert.equal(flagTexts([flag('from-tomorrow', 'a')])[0].found, 'from-tomorrow on a');
  });

  it('have the serious ones first', () => {
    const serious = { ...flag('vanished-gradients', 'a'), severity: 'serious' as const };
    assert.deepEqual(
      flagTexts([flag('logit-scale', 'a'), serious]).map(({ code }) => code),
      ['vanished-gradients', 'logit-scale'],
    );
  });
});

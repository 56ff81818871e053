/** The page of the hand-made record: which content is marked how. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { WORDING } from '../../src/cli/command-text.ts';
import type { AttackRecord } from '../../src/evaluation/index.ts';
import { attackTable } from '../../src/report/attack-tables.ts';
import { buildReport } from '../../src/report/index.ts';
import { handmade } from './handmade.ts';

const textOf = (html: string) =>
  html
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&gt;', '>')
    .trim();
const captured = (html: string, pattern: RegExp) =>
  [...html.matchAll(pattern)].map(([, text]) => textOf(text));

describe('the page', () => {
  let html: string;
  /** The markup of one section. */
  const sectionOf = (id: string) =>
    html.match(
      new RegExp(
        `<section id="${id}".*?</section>|<details class="section" id="${id}".*?\n</details>\n`,
        's',
      ),
    )?.[0] ?? '';
  before(async () => {
    html = String((await buildReport([handmade], WORDING)).files.get('index.html'));
  });

  it('begins with the answer, and folds all else, in one order', () => {
    const ids = [...html.matchAll(/<(?:section|details class="section") id="([\w-]+)"/g)].map(
      ([, id]) => id,
    );
    assert.deepEqual(ids, [
      'answer',
      'verdict',
      'robustness',
      'digits-section',
      'gradients',
      'logits',
      'minimal',
      'accuracy',
      'confusion',
      'missing',
      'repeat',
    ]);
    assert.deepEqual(captured(html, /<h1>(.*?)<\/h1>/g), [
      'No verdict: 0 of 8 images stay correct at Linf 0.3 (base: 0).',
    ]);
    assert.deepEqual(captured(html, /<p class="lead">(.*?)<\/p>/g), [
      'The 87.5 % under FGSM on softmax is an artifact: that gradient is zero on 75.0 % of the images.',
      'Not sure: evidence is missing (attacks without the gradients of the model do no better).',
    ]);
    assert.equal(html.match(/<section /g)?.length, 1, 'one section stands open');
    assert.match(html, /<a href="results\.json">/);
  });

  it('marks open verdicts, serious flags and fooled predictions, and nothing else', () => {
    const verdict = sectionOf('verdict');
    assert.deepEqual(captured(verdict, /<li class="settled">(.*?)<\/li>/g), [
      'base, Linf eps 0.3: Broken; robust accuracy at most 0.00 % (0.00 to 32.44).',
      'hard, Linf eps 0.1: Robust accuracy at most 37.50 % (13.68 to 69.43). Evidence: 1 of 1 Met: answers repeat they do',
    ]);
    assert.deepEqual(captured(verdict, /<li class="open">(.*?)<\/li>/g), [
      'hard, Linf eps 0.3: No verdict; these attacks leave robust accuracy at most 0.00 % (0.00 to 32.44), but evidence is missing. To settle it: distill evaluate --model models/hard --preset standard --norm Linf --eps 0.3 --samples 8 --seed 7 Evidence: 1 of 2 Missing: attacks without the gradients of the model do no better square not run Met: answers repeat they do',
    ]);
    const answer = sectionOf('answer');
    assert.deepEqual(captured(answer, /<li class="serious">(.*?)<\/li>/g), [
      'The softmax gradient has vanished on hard. Numbers of attacks that follow it are no evidence: they are marked in the tables. The other attacks decide the answer. Serious: vanished-gradients hard 0.875; raised above 0.5. To do: Attack with the margin loss.',
    ]);
    assert.deepEqual(captured(answer, /<li class="note">(.*?)<\/li>/g), [
      'The logits are far larger than usual on hard. Confidence says nothing about this model; the answer rests on attacks that do not depend on the scale. Note: logit-scale hard 12.35; raised above 5. To do: Compare models by attacks whose loss has no scale.',
    ]);
    assert.deepEqual(captured(answer, /<strong class="fooled">(.*?)<\/strong>/g), [
      'hard predicts 1 (40.0 %)',
    ]);
    assert.deepEqual(captured(answer, /<strong class="">(.*?)<\/strong>/g), [
      'hard predicts 0 (50.0 %)',
    ]);
  });

  it('marks worst cases as totals, and metrics without evidence', () => {
    const robustness = sectionOf('robustness');
    assert.deepEqual(captured(robustness, /<tr class="total">(.*?)<\/tr>/g), [
      'worst case over all attacks, image by image Linf 0.1 all 12.50 % 2.24 to 47.09 37.50 % 13.68 to 69.43',
      'worst case over all attacks, image by image Linf 0.3 all 0.00 % 0.00 to 32.44 0.00 % 0.00 to 32.44',
    ]);
    assert.deepEqual(captured(robustness, /<span class="unreliable">(.*?)<\/span>/g), [
      '87.50 %',
      '87.50 %',
      'Striped',
    ]);
    assert.match(
      robustness,
      /<span class="unreliable">Striped<\/span>: no gradient on more than a tenth/,
    );
  });

  it('sorts numbers by their value', () => {
    const accuracy = sectionOf('accuracy');
    assert.deepEqual(
      [...accuracy.matchAll(/<td data-value="([\d.]+)"/g)].slice(0, 6).map(([, value]) => value),
      ['1', '0.75', '2', '20', '0.875', '1'],
    );
    assert.match(
      sectionOf('minimal'),
      /<td data-value="1000000000" class="number" data-label="90.%"><span class="">not found</,
    );
  });

  it('folds details, and leaves out tables that repeat a chart', () => {
    assert.match(
      sectionOf('accuracy'),
      /<details><summary id="caption-classes">Accuracy by true class/,
    );
    assert.doesNotMatch(sectionOf('confusion'), /<table/);
    assert.equal(sectionOf('confusion').match(/<figure/g)?.length, 2);
  });

  it('has a card for each example with who was fooled, under the strongest attack at the eps of the naive one', () => {
    const digits = sectionOf('digits-section');
    assert.deepEqual(
      [...digits.matchAll(/<li class="card" data-fooled="(\w+)"/g)].map(([, who]) => who),
      ['both', 'primary', 'both', 'both'],
    );
    assert.deepEqual(captured(digits, /<span class="predicted fooled">(.*?)<\/span>/g), [
      ...['1 (40.0 %)', '1 (40.0 %)', '1 (45.0 %)'],
      ...['2 (35.0 %)', '2 (35.0 %)', '2 (30.0 %)', '2 (30.0 %)'],
    ]);
    const [, block] = digits.match(/id="digit-data">(.*?)<\/script>/) ?? [];
    const data = JSON.parse(block);
    assert.deepEqual(
      [data.first, data.primary, data.attacks],
      ['base', 'hard', ['fgsm softmax (Linf)', 'pgd margin steps=100 (Linf)']],
    );
    assert.deepEqual(data.sets[2].perModel[1].predictions, [
      [0, 0.4, 0],
      [1, 0.45, 1],
      [2, 0.35, 1],
      [2, 0.3, 1],
    ]);
    assert.match(
      digits,
      /by <strong>pgd margin steps=100 \(Linf\)<\/strong> at eps <strong>0\.3<\/strong>/,
    );
  });

  it('names what made the record', () => {
    const repeat = sectionOf('repeat');
    assert.match(
      textOf(repeat),
      /distill evaluate --out 'it'\\''s here' Program distill test Images dots, digest d0 /,
    );
    assert.match(
      textOf(repeat),
      / samples 8 Models base: models\/base, T = 1 digest d1 hard: models\/hard, T = 20 digest d2$/,
    );
    assert.doesNotMatch(textOf(repeat), /preset/);
  });
});

describe('attacks that differ in one thing', () => {
  const [first] = handmade.attacks;
  const rowsOf = (...attacks: AttackRecord[]) =>
    attackTable({ ...handmade, attacks, worstCases: [] }).rows.map(
      ([{ text, brief }, , , , ...cells]) => [
        text,
        brief,
        cells.map((cell) => cell.text.replace(/\.00 %$/, '')).join(' '),
      ],
    );

  it('have rows of their own: by source', () => {
    const from = (source: string, hits: number): AttackRecord => ({
      ...first,
      attack: 'transfer',
      source,
      robust: { ...first.robust, rate: hits / 100 },
    });
    assert.deepEqual(rowsOf(from('one', 10), from('two', 20)), [
      ['transfer from one', 'transfer from one', '10 –'],
      ['transfer from two', 'transfer from two', '20 –'],
    ]);
    assert.deepEqual(rowsOf(from('one', 10)), [['transfer from one', 'transfer', '10 –']]);
  });

  it('share a row on several models', () => {
    const on = (model: string, hits: number): AttackRecord => ({
      ...first,
      model,
      robust: { ...first.robust, rate: hits / 100 },
    });
    assert.deepEqual(rowsOf(on('hard', 30), on('base', 40)), [['fgsm', 'fgsm', '40 30']]);
  });

  it('have rows of their own: by target', () => {
    const toward = (target: number | 'every'): AttackRecord => ({ ...first, target });
    assert.deepEqual(
      rowsOf(toward(1), toward('every'), first).map(([text]) => text),
      ['fgsm, target 1', 'fgsm, every target', 'fgsm'],
    );
  });
});

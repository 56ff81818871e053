/** Flags in words: what was found, on which models, and what it means for the answer. */
import type { Flag, FlagCode } from '../evaluation/index.ts';
import { numberText } from '../numbers.ts';
import { grouped } from './attack-identity.ts';
import { sentence } from './text.ts';

/** What was found, and what it means for the answer. */
const WORDS: Readonly<Record<FlagCode, readonly [found: string, meaning: string]>> = {
  'unchecked-range': [
    'Nobody checked the pixel range',
    'If it is wrong, every number here is that of another model.',
  ],
  'probabilities-as-logits': [
    'The outputs look like probabilities, not logits',
    'Attacks on them are weaker than they should be: the model may only look robust.',
  ],
  'random-answers': [
    'The model answers at random',
    'An attack on one answer proves little: the numbers depend on luck.',
  ],
  'quantized-input': [
    'The model rounds its input',
    'Its gradients are those of a staircase: gradient attacks may only look weak.',
  ],
  'masked-gradients': [
    'The gradients are masked',
    'Gradient attacks say nothing here; only the others count.',
  ],
  'vanished-gradients': [
    'The softmax gradient has vanished',
    'Numbers of attacks that follow it are no evidence: they are marked in the tables. The other attacks decide the answer.',
  ],
  'illegal-candidates': [
    'An attack left its budget',
    'Those candidates were not counted; the attack is weaker than it looks.',
  ],
  'unverified-examples': [
    'Some adversarial examples could not be shown again',
    'They were not counted; what stands may be fewer.',
  ],
  'failed-attack': [
    'An attack ended with an error',
    'It found nothing because it did not run: what stands may be fewer.',
  ],
  'single-step-beats-iterative': [
    'One step did better than many',
    'The iterative attack was hindered: what stands may be fewer.',
  ],
  'black-box-beats-white-box': [
    'An attack without gradients did better than one with them',
    'The gradients mislead: only attacks without them count.',
  ],
  'large-budget-fails': [
    'Even an enormous budget does not win',
    'The attacks are hindered, not the model robust.',
  ],
  'stronger-is-weaker': [
    'A stronger setting did worse',
    'The attack has not converged: what stands may be fewer.',
  ],
  'minimal-attack-fails': [
    'A search for the smallest perturbation failed',
    'Its distances are too large; what stands may be fewer.',
  ],
  'minimal-attack-beaten': [
    'A search for the smallest perturbation was beaten by a fixed budget',
    'Its distances are too large; the worst case is not affected.',
  ],
  'not-converged': [
    'More steps still find more',
    'What stands is an upper bound that more steps would lower.',
  ],
  'logit-scale': [
    'The logits are far larger than usual',
    'Confidence says nothing about this model; the answer rests on attacks that do not depend on the scale.',
  ],
};

/** A record of a newer program may hold a code that has no words here. */
const wordsOf = (code: string): readonly [found: string, meaning: string] =>
  Object.entries(WORDS).find(([known]) => known === code)?.[1] ?? [code, ''];

/** The flags of one code in words. */
export interface FlagText {
  readonly code: string;
  readonly severity: Flag['severity'];
  /** Such as `The softmax gradient has vanished on teacher and student`. */
  readonly found: string;
  /** What it means for the answer. */
  readonly meaning: string;
  readonly advice: string;
  /** What was measured, such as `teacher 0.997, student 0.998; raised above 0.5`. */
  readonly measured: string;
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** Every code once, the serious ones first. */
export function flagTexts(flags: readonly Flag[]): FlagText[] {
  const texts = grouped(flags, ({ code, severity }) => `${code} ${severity}`).map((own) => {
    const [{ code, severity, advice, threshold }] = own;
    const [found, meaning] = wordsOf(code);
    const values = own.map(({ model, value }) => `${model} ${numberText(value)}`);
    return {
      code,
      severity,
      found: `${found} on ${listed(own.map(({ model }) => model))}`,
      meaning,
      advice: sentence(advice),
      measured: `${values.join(', ')}; raised above ${numberText(threshold)}`,
    };
  });
  return texts.sort((a, b) => Number(a.severity !== 'serious') - Number(b.severity !== 'serious'));
}

/** Flags in words: what was found, on which models, and what it means for the answer. */
import { type Flag, flagWords } from '../evaluation/index.ts';
import { numberText } from '../numbers.ts';
import { grouped } from './attack-identity.ts';
import { sentence } from './text.ts';

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
    const { title, meaning } = flagWords(code);
    const values = own.map(({ model, value }) => `${model} ${numberText(value)}`);
    return {
      code,
      severity,
      found: `${title} on ${listed(own.map(({ model }) => model))}`,
      meaning,
      advice: sentence(advice),
      measured: `${values.join(', ')}; raised above ${numberText(threshold)}`,
    };
  });
  return texts.sort((a, b) => Number(a.severity !== 'serious') - Number(b.severity !== 'serious'));
}

/** How figures are written in pages, charts and Markdown. */

import { type AttackRecord, choicesOf, type Rate } from '../evaluation/index.ts';
import { numberText, percent } from '../numbers.ts';

/** Such as `99.02 to 99.37`, in percent. */
export const interval = ({ low, high }: Pick<Rate, 'low' | 'high'>): string =>
  `${(100 * low).toFixed(2)} to ${(100 * high).toFixed(2)}`;

/** Such as `99.21 % (99.02 to 99.37)`. */
export const rateText = (rate: Rate): string => `${percent(rate.rate)} (${interval(rate)})`;

/** Such as `10,000`. */
export const countText = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** A class or file name part: lower-case letters, digits and single dashes. */
export const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60) || 'unnamed';

/** An attack, the loss it climbs and its own choices, such as `pgd margin steps=100`. */
export const attackName = (record: AttackRecord): string => {
  const { attack, loss, source, target } = record;
  const choices = choicesOf(record).map(([option, value]) => `${option}=${numberText(value)}`);
  if (target !== null) choices.push(`target=${target}`);
  const borrowed = source === null ? [] : [`from ${source}`];
  return [attack, ...(loss === null ? [] : [loss]), ...choices, ...borrowed].join(' ');
};

/** A phrase as a sentence of its own. */
export const sentence = (phrase: string): string =>
  `${phrase.charAt(0).toUpperCase()}${phrase.slice(1).replace(/\.?$/, '.')}`;

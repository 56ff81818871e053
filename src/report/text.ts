/** How metrics are written in pages, charts and Markdown. */

import type { Rate } from '../evaluation/index.ts';
import { percent } from '../numbers.ts';

/** Such as `99.02 to 99.37`, in percent. */
export const interval = ({ low, high }: Pick<Rate, 'low' | 'high'>): string =>
  `${(100 * low).toFixed(2)} to ${(100 * high).toFixed(2)}`;

/** Such as `99.21 % (99.02 to 99.37)`. */
export const rateText = (rate: Rate): string => `${percent(rate.rate)} (${interval(rate)})`;

/** A file name part: lower-case letters, digits and single dashes. */
export const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60) || 'unnamed';

/** A phrase as a sentence of its own. */
export const sentence = (phrase: string): string =>
  `${phrase.charAt(0).toUpperCase()}${phrase.slice(1).replace(/\.?$/, '.')}`;

/** Each value once, in the order of its first appearance. */
export const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

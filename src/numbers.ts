/** How numbers and classes are written everywhere. */

/** A share in [0, 1] such as `99.21 %`. */
export const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;

/** With at most four significant digits, such as `0.03137`. */
export const numberText = (value: number): string => String(Number(value.toPrecision(4)));

/** Rounded to the seven significant digits that a float32 has, which keeps records small. */
export const toSevenDigits = (value: number): number => Number(value.toPrecision(7));

/** Such as `10,000`. */
export const countText = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** A class by its number and, where the data name it, its name, such as `3 cat`. */
export function classText(c: number, names: readonly string[] | undefined): string {
  const name = names?.[c];
  return name === undefined || name === String(c) ? String(c) : `${c} ${name}`;
}

/**
 * The names of what a model answers: the data's classes, and the outlier class, which comes after them
 * where it has one; undefined where neither the data name theirs nor there is one more.
 */
export const answerNames = (
  names: readonly string[] | undefined,
  classes: number,
  answers: number,
): readonly string[] | undefined =>
  answers > classes
    ? [...(names ?? Array.from({ length: classes }, (_, c) => String(c))), 'outlier']
    : names;

/** Such as `1 epoch` or `10,000 images`. */
export const counted = (count: number, noun: string, nouns = `${noun}s`): string =>
  `${countText(count)} ${count === 1 ? noun : nouns}`;

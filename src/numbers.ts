/** How numbers are written everywhere. */

/** A share in [0, 1] such as `99.21 %`. */
export const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;

/** With at most four significant digits, such as `0.03137`. */
export const numberText = (value: number): string => String(Number(value.toPrecision(4)));

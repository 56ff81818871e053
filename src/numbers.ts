/** How figures are written, wherever they are. */

/** Such as `99.21 %`. */
export const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;

/** In four digits at most, such as `0.03137`. */
export const numberText = (value: number): string => String(Number(value.toPrecision(4)));

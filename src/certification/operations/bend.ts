import { gamma, UNDERFLOW } from '../rounding.ts';
import {
  type Box,
  type ElementwiseOperation,
  emptyBox,
  type Lines,
  linesOver,
} from './operation.ts';

/** Float64's own rounding of a line, relative to the numbers at its ends. */
const LINE_ERROR = 2 ** -48;

/**
 * `x` where it is positive, else `slope * x`: ReLU, leaky ReLU and PReLU.
 *
 * With 0 inside the box and a slope of at most 1 the function is convex: the chord lies above it, and
 * below it every line through the origin with a slope between the two (Zhang et al. 2018, CROWN, arXiv
 * 1811.00866, which takes the one that leaves the smaller area). Beyond a slope of 1 it is concave.
 */
export class Bend implements ElementwiseOperation {
  readonly kind = 'elementwise';
  readonly bends = true;
  readonly size: number;
  /** `[channels]` slopes for negative numbers. */
  readonly #slopes: Float64Array;

  constructor(size: number, slopes: Float64Array) {
    this.size = size;
    this.#slopes = slopes;
  }

  #slope(i: number): number {
    return this.#slopes[i % this.#slopes.length];
  }

  /** What float32 loses in the slope and the product with it, for numbers from `low` on. */
  #error(slope: number, low: number): number {
    if (slope === 0 || slope === 1 || low >= 0) return 0;
    return gamma(2) * Math.abs(slope * low) + UNDERFLOW;
  }

  interval([{ lower, upper }]: readonly Box[]): Box {
    const box = emptyBox(this.size);
    for (let i = 0; i < this.size; i++) {
      const slope = this.#slope(i);
      const [low, high] = [lower[i], upper[i]];
      const atLow = low >= 0 ? low : slope * low;
      const atHigh = high >= 0 ? high : slope * high;
      const error = this.#error(slope, low);
      // With a negative slope the least value may be at 0.
      const atZero = low < 0 && high > 0 ? 0 : atLow;
      box.lower[i] = Math.min(atLow, atHigh, atZero) - error;
      box.upper[i] = Math.max(atLow, atHigh) + error;
    }
    return box;
  }

  #line(lines: Lines, i: number, low: number, high: number): void {
    const slope = this.#slope(i);
    const error = this.#error(slope, low);
    if (low >= 0 || high <= 0) {
      lines.lowerSlope[i] = lines.upperSlope[i] = low >= 0 ? 1 : slope;
      lines.lowerOffset[i] = -error;
      lines.upperOffset[i] = error;
      return;
    }
    const chord = (high - slope * low) / (high - low);
    const rounding = LINE_ERROR * (high - low) * (1 + Math.abs(slope));
    const nearest = high > -low ? 1 : slope;
    const isConvex = slope <= 1;
    lines.lowerSlope[i] = isConvex ? nearest : chord;
    lines.upperSlope[i] = isConvex ? chord : nearest;
    // The chord meets the function at both ends; rounding moves it outward.
    const atEnds = [slope * low - chord * low, high - chord * high];
    lines.lowerOffset[i] = isConvex ? -error : Math.min(...atEnds) - rounding - error;
    lines.upperOffset[i] = isConvex ? Math.max(...atEnds) + rounding + error : error;
  }

  lines(box: Box): Lines {
    return linesOver(box, (lines, i, low, high) => this.#line(lines, i, low, high));
  }

  slopeRange(i: number): readonly [number, number] {
    const slope = this.#slope(i);
    return slope <= 1 ? [slope, 1] : [Number.NaN, Number.NaN];
  }
}

import { FUNCTION_ERROR, UNDERFLOW } from '../rounding.ts';
import { type Box, type ElementwiseOperation, emptyBox, type Lines } from './operation.ts';

/** Where a function bends upward. */
type Shape =
  /** Everywhere. */
  | 'convex'
  /** Below 0; above 0 it bends downward. */
  | 'sigmoidal'
  /** Neither, but its least slope over an interval is at one of the ends. */
  | 'other';

/** An increasing function whose slope over an interval is least at one of the interval's ends. */
interface Curve {
  readonly shape: Shape;
  value(x: number): number;
  /** The derivative; at a kink the smaller one. */
  slope(x: number): number;
  /** Absolute error of the engines' approximation besides `FUNCTION_ERROR` of the value. */
  readonly error?: number;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Abramowitz & Stegun 7.1.26, which the engines use too; its error is at most 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

export const CURVES = {
  sigmoid: {
    shape: 'sigmoidal',
    value: sigmoid,
    slope: (x) => sigmoid(x) * sigmoid(-x),
  },
  tanh: { shape: 'sigmoidal', value: Math.tanh, slope: (x) => 1 / Math.cosh(x) ** 2 },
  erf: {
    shape: 'sigmoidal',
    value: erf,
    slope: (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x),
    error: 2e-6,
  },
  softplus: {
    shape: 'convex',
    value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    slope: sigmoid,
  },
  exp: { shape: 'convex', value: Math.exp, slope: Math.exp },
  elu: {
    shape: 'convex',
    value: (x) => (x >= 0 ? x : Math.expm1(x)),
    slope: (x) => (x >= 0 ? 1 : Math.exp(x)),
  },
  selu: {
    shape: 'other',
    value: (x) => SELU_SCALE * (x >= 0 ? x : SELU_ALPHA * Math.expm1(x)),
    slope: (x) => SELU_SCALE * (x >= 0 ? 1 : SELU_ALPHA * Math.exp(x)),
  },
} as const satisfies Readonly<Record<string, Curve>>;

export type CurveName = keyof typeof CURVES;

/** Float64's own rounding of a slope or a line, relative to the numbers that make it. */
const LINE_ERROR = 2 ** -40;

/**
 * A smooth increasing activation. Over an interval on which it is convex it lies between its chord
 * and its tangent in the middle, where it is concave the other way round; else between two parallel
 * lines through its ends with its least slope.
 */
export class CurveOperation implements ElementwiseOperation {
  readonly kind = 'elementwise';
  readonly bends = false;
  readonly size: number;
  readonly #curve: Curve;

  constructor(size: number, name: CurveName) {
    this.size = size;
    this.#curve = CURVES[name];
  }

  /** What float32 may be off by, for values of at most this size. */
  #error(...values: readonly number[]): number {
    const largest = Math.max(...values.map(Math.abs));
    return FUNCTION_ERROR * largest + (this.#curve.error ?? 0) + UNDERFLOW;
  }

  interval([{ lower, upper }]: readonly Box[]): Box {
    const box = emptyBox(this.size);
    for (let i = 0; i < this.size; i++) {
      const [low, high] = [this.#curve.value(lower[i]), this.#curve.value(upper[i])];
      // An input without bounds may be not a number, whatever the function's range is.
      const isBounded = Number.isFinite(lower[i]) && Number.isFinite(upper[i]);
      box.lower[i] = isBounded ? low - this.#error(low) : Number.NaN;
      box.upper[i] = isBounded ? high + this.#error(high) : Number.NaN;
    }
    return box;
  }

  line(lines: Lines, i: number, low: number, high: number): void {
    const { value, slope, shape } = this.#curve;
    const [atLow, atHigh] = [value(low), value(high)];
    const error = this.#error(atLow, atHigh);
    if (!Number.isFinite(high - low) || !Number.isFinite(atHigh)) {
      lines.lowerOffset[i] = Number.NEGATIVE_INFINITY;
      lines.upperOffset[i] = Number.POSITIVE_INFINITY;
      return;
    }
    const isConvex = shape === 'convex' || (shape === 'sigmoidal' && high <= 0);
    const isConcave = shape === 'sigmoidal' && low >= 0;
    // An upper line through the higher end, a lower one through the lower end.
    let lowerSlope = Math.min(slope(low), slope(high)) * (1 - LINE_ERROR);
    let upperSlope = lowerSlope;
    let lowerAt = low;
    if (isConvex || isConcave) {
      const middle = (low + high) / 2;
      const chord = high > low ? (atHigh - atLow) / (high - low) : slope(middle);
      lowerSlope = isConvex ? slope(middle) : chord;
      upperSlope = isConvex ? chord : slope(middle);
      lowerAt = middle;
    }
    const rounding =
      LINE_ERROR *
      ((Math.abs(lowerSlope) + Math.abs(upperSlope)) * (Math.abs(low) + Math.abs(high)) +
        Math.abs(atLow) +
        Math.abs(atHigh));
    const through = (line: number, x: number) => value(x) - line * x;
    const isParallel = !isConvex && !isConcave;
    lines.lowerSlope[i] = lowerSlope;
    lines.upperSlope[i] = upperSlope;
    lines.lowerOffset[i] =
      (isConcave
        ? Math.min(through(lowerSlope, low), through(lowerSlope, high))
        : through(lowerSlope, isParallel ? low : lowerAt)) -
      rounding -
      error;
    lines.upperOffset[i] =
      (isConcave
        ? through(upperSlope, lowerAt)
        : isParallel
          ? through(upperSlope, high)
          : Math.max(through(upperSlope, low), through(upperSlope, high))) +
      rounding +
      error;
  }

  slopeRange(): readonly [number, number] {
    return [Number.NaN, Number.NaN];
  }
}

/** What bounds know of one step of a network: an operation on flat arrays, `[size]` each. */

/** Lower and upper bounds, element by element: every value that float32 can give lies between. */
export interface Box {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/**
 * A line above and a line below each element of an operation with one input, element by element:
 * `lowerSlope x + lowerOffset <= f(x) <= upperSlope x + upperOffset` over the input's box.
 */
export interface Lines {
  readonly lowerSlope: Float64Array;
  readonly lowerOffset: Float64Array;
  readonly upperSlope: Float64Array;
  readonly upperOffset: Float64Array;
}

interface OperationBase {
  /** Numbers in the output. */
  readonly size: number;
  /** Bounds of the output from bounds of the inputs, float32's rounding included. */
  interval(inputs: readonly Box[]): Box;
}

/** An affine function of its inputs, exact but for `error`. */
export interface LinearOperation extends OperationBase {
  readonly kind: 'linear';
  /** How far float32 may be from the exact output; undefined: it only moves numbers. */
  error(inputs: readonly Box[]): Float64Array | undefined;
  /**
   * Carries rows of coefficients from the output back to the inputs.
   * @param coefficients `[rows, size]`
   * @param inputs `[rows, size]` of each input: what belongs to it is added
   * @param constants `[rows]`: what the operation's own constants contribute is added
   * @param magnitudes `[rows]`: the same with absolute values
   */
  backward(
    coefficients: Float64Array,
    rows: number,
    inputs: readonly Float64Array[],
    constants: Float64Array,
    magnitudes: Float64Array,
  ): void;
  /** The exact output at points: the forward pass in float64. */
  forward(inputs: readonly Float64Array[]): Float64Array;
}

/** A function of each number alone. */
export interface ElementwiseOperation extends OperationBase {
  readonly kind: 'elementwise';
  /** Whether the lower line of an element that bends at 0 may have any slope in a range. */
  readonly bends: boolean;
  /** Lines over the input's box, float32's rounding included. */
  lines(input: Box): Lines;
  /**
   * The least and the greatest slope that a lower line through the origin may have, for element `i`
   * of an operation that `bends` and a box with 0 inside.
   */
  slopeRange(i: number): readonly [number, number];
}

/** The largest of some of its input's numbers. */
export interface MaximumOperation extends OperationBase {
  readonly kind: 'maximum';
  /** `[starts of each output's candidates …, end]`, into `candidates`. */
  readonly starts: Int32Array;
  /** Positions in the input. */
  readonly candidates: Int32Array;
}

export type Operation = LinearOperation | ElementwiseOperation | MaximumOperation;

export function emptyBox(size: number): Box {
  return { lower: new Float64Array(size), upper: new Float64Array(size) };
}

/** The largest absolute value in each element of a box. */
export function magnitudeOf({ lower, upper }: Box): Float64Array {
  const out = new Float64Array(lower.length);
  for (let i = 0; i < out.length; i++) out[i] = Math.max(Math.abs(lower[i]), Math.abs(upper[i]));
  return out;
}

/** Lines over every element of a box, each set by `line` from its bounds. */
export function linesOver(
  { lower, upper }: Box,
  line: (lines: Lines, i: number, low: number, high: number) => void,
): Lines {
  const size = lower.length;
  const lines = {
    lowerSlope: new Float64Array(size),
    lowerOffset: new Float64Array(size),
    upperSlope: new Float64Array(size),
    upperOffset: new Float64Array(size),
  };
  for (let i = 0; i < size; i++) line(lines, i, lower[i], upper[i]);
  return lines;
}

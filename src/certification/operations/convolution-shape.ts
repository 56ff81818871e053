/** Sizes of a convolution in NHWC; a dense layer is one with 1 x 1 pixels. */
export interface ConvolutionShape {
  /** `[height, width, channels]` */
  readonly input: readonly [number, number, number];
  readonly output: readonly [number, number, number];
  /** Rows and columns of the kernel. */
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Rows of zeros above, columns to the left. */
  readonly before: readonly [number, number];
  /** Channels are in so many groups, each with filters of its own. */
  readonly groups: number;
}

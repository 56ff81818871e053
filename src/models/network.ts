/**
 * A network as plain data: a list of layers, each fed by the one before it unless `inputs` says
 * otherwise. Everything that reads or writes networks (the forward pass, initial weights,
 * SavedModel, the exporters and importers) works on this list.
 *
 * Images are NHWC float32 in [0, 1]; the last layer's output is the logits `[N, classes]`.
 * Convolution kernels are `[height, width, in, out]`, dense kernels `[in, out]`.
 */
import type { Layer } from './layers/registry.ts';

export interface Network {
  /** The architecture's name, such as `cnn` or `papernot-mnist`. */
  readonly architecture: string;
  /** `[height, width, channels]` of one image. */
  readonly inputShape: readonly [number, number, number];
  /** Of the logits, with the outlier class where there is one. */
  readonly classes: number;
  /** Whether the last class is for images of none of the data's classes. */
  readonly outlierClass?: true | undefined;
  readonly layers: readonly Layer[];
}

/** How many classes the data have that a network is for. */
export const dataClasses = ({
  classes,
  outlierClass,
}: Pick<Network, 'classes' | 'outlierClass'>) => (outlierClass ? classes - 1 : classes);

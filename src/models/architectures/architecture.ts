import type { Layer } from '../layers/registry.ts';

/** A network that can be trained, for images of any size that is left with pixels after its pools. */
export interface Architecture {
  /** What `--arch` takes and model folders record. */
  readonly name: string;
  /** @returns the layers from the image to the logits, one per class */
  layers(classes: number): readonly Layer[];
}

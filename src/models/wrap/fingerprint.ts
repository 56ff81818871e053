/** Tells models in memory apart. */
import { valuesOf } from '../../engine/index.ts';
import { digestOf } from '../../storage/index.ts';
import type { Classifier } from '../classifier.ts';
import { probeImages } from './probe.ts';

/**
 * A digest of what a model answers on a few images. A model that
 * answers at random has another one every time.
 */
export async function fingerprint(classifier: Classifier): Promise<string> {
  const images = probeImages(classifier.inputShape);
  const logits = Array.from(await valuesOf(() => classifier.logits(images)));
  images.dispose();
  const { inputShape, classes, temperature } = classifier;
  return digestOf({ inputShape, classes, temperature, logits });
}

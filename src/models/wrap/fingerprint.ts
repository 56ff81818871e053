/** Tells models in memory apart. */
import * as tf from '@tensorflow/tfjs-core';
import { digestOf } from '../../storage/index.ts';
import type { Classifier } from '../classifier.ts';
import { probeImages } from './probe.ts';

/**
 * A digest of what a model answers on a few images. A model that
 * answers at random has another one every time.
 */
export function fingerprint(classifier: Classifier): string {
  const images = probeImages(classifier.inputShape);
  const logits = tf.tidy(() => Array.from(classifier.logits(images).dataSync()));
  images.dispose();
  const { inputShape, classes, temperature } = classifier;
  return digestOf({ inputShape, classes, temperature, logits });
}

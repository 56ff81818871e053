import type { Dataset } from '../../src/data/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import { classify } from '../../src/evaluation/index.ts';
import type { Classifier } from '../../src/models/index.ts';
import { digestOf } from '../../src/storage/index.ts';

/** Random byte images, labeled as the model sees them. */
export async function datasetFor(model: Classifier, count: number, seed = 1): Promise<Dataset> {
  const size = model.inputShape.reduce((a, b) => a * b);
  const stream = new RandomStream(seed, 'test/dataset');
  const images = Uint8Array.from({ length: count * size }, () => 40 + stream.integer(176));
  const labels = Uint8Array.from(
    await classify(
      model,
      Float32Array.from(images, (byte) => byte / 255),
    ),
  );
  return {
    name: 'random/test',
    count,
    shape: model.inputShape,
    classes: model.classes,
    images,
    labels,
    indices: Uint32Array.from({ length: count }, (_, i) => 100 + i),
    digest: digestOf({ seed, count }),
  };
}

/** Small data sets made of one pattern a class and noise, with a linear model that tells them apart. */
import { RandomStream } from '../../src/engine/index.ts';
import type { Network, Weight } from '../../src/models/index.ts';
import { weightSpecs } from '../../src/models/index.ts';

type Shape = readonly [height: number, width: number, channels: number];

export interface Synthetic {
  readonly shape: Shape;
  readonly classes: number;
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

/** Shades of the patterns, and how far noise goes from them. */
const [DARK, LIGHT, NOISE] = [60, 190, 30];

/** The pattern of a class: every pixel dark or light. */
function patternOf(c: number, size: number): Uint8Array {
  const stream = new RandomStream(c, 'test/pattern');
  return Uint8Array.from({ length: size }, () => (stream.uniform() < 0.5 ? DARK : LIGHT));
}

/** Images of every class in turn. */
export function synthetic(shape: Shape, classes: number, count: number): Synthetic {
  const size = shape[0] * shape[1] * shape[2];
  const stream = new RandomStream(1, 'test/noise');
  const patterns = Array.from({ length: classes }, (_, c) => patternOf(c, size));
  const labels = Uint8Array.from({ length: count }, (_, i) => i % classes);
  const images = new Uint8Array(count * size);
  for (let i = 0; i < images.length; i++) {
    const pattern = patterns[labels[Math.floor(i / size)]];
    images[i] = pattern[i % size] + Math.round(NOISE * (2 * stream.uniform() - 1));
  }
  return { shape, classes, images, labels };
}

/** A network of one layer whose logits are how well an image fits each pattern. */
export function linearModel(
  shape: Shape,
  classes: number,
): { network: Network; weights: Weight[] } {
  const size = shape[0] * shape[1] * shape[2];
  const network: Network = {
    architecture: 'imported',
    inputShape: shape,
    classes,
    layers: [
      { kind: 'flatten', name: 'flatten' },
      { kind: 'dense', name: 'logits', units: classes, bias: true, activation: 'linear' },
    ],
  };
  const middle = (DARK + LIGHT) / 2;
  // Whatever the size, the logits of an image and its neighbors are some tens apart.
  const scale = 100 / size;
  const columns = Array.from({ length: classes }, (_, c) => {
    const stream = new RandomStream(c, 'test/strength');
    const pattern = patternOf(c, size);
    return Float32Array.from(
      pattern,
      (p) => scale * Math.sign(p - middle) * (0.5 + stream.uniform()),
    );
  });
  const weights = weightSpecs(network).map((spec) => ({
    spec,
    values:
      spec.role === 'kernel'
        ? Float32Array.from(
            { length: size * classes },
            (_, i) => columns[i % classes][Math.floor(i / classes)],
          )
        : Float32Array.from(
            columns,
            (column) => -(middle / 255) * column.reduce((sum, weight) => sum + weight, 0),
          ),
  }));
  return { network, weights };
}

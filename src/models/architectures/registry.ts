/** The architectures that can be trained. `--help` lists them, so nothing heavy is imported here. */
import type { Network } from '../network.ts';
import { cnn } from './cnn.ts';
import { dense } from './dense.ts';
import { dmSmall } from './dm-small.ts';
import { papernotCifar } from './papernot-cifar.ts';
import { papernotMnist } from './papernot-mnist.ts';

const ARCHITECTURES = [cnn, dense, papernotMnist, papernotCifar, dmSmall] as const;

export type ArchitectureName = (typeof ARCHITECTURES)[number]['name'];

export const ARCHITECTURE_NAMES: readonly ArchitectureName[] = ARCHITECTURES.map(
  ({ name }) => name,
);

/**
 * The named network for images of this shape.
 * @throws Error when there is no such architecture
 */
export function buildNetwork(
  architecture: ArchitectureName,
  inputShape: readonly [number, number, number],
  classes: number,
): Network {
  const found = ARCHITECTURES.find(({ name }) => name === architecture);
  if (!found) throw new Error(`there is no architecture ${architecture}`);
  return { architecture, inputShape, classes, layers: found.layers(classes) };
}

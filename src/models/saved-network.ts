import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Weight } from './model.ts';
import type { Network } from './network.ts';
import { weightSpecs } from './shapes.ts';

// PLACEHOLDER until the SavedModel writer lands: raw weights, one file.
export async function saveNetwork(
  dir: string,
  _network: Network,
  weights: readonly Weight[],
): Promise<void> {
  await writeFile(
    join(dir, 'weights.bin'),
    Buffer.concat(
      weights.map(
        ({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      ),
    ),
  );
}

export async function loadNetwork(dir: string, network: Network): Promise<Weight[]> {
  const bytes = await readFile(join(dir, 'weights.bin'));
  let offset = 0;
  return weightSpecs(network).map((spec) => {
    const size = spec.shape.reduce((a, b) => a * b, 1);
    const values = new Float32Array(
      bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + size * 4),
    );
    offset += size * 4;
    return { spec, values };
  });
}

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically, writeFolderAtomically } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import type { Weight } from '../model.ts';
import type { Network } from '../network.ts';
import type { ExportFormat } from './formats.ts';
import { exportKeras } from './keras.ts';
import { exportNpz } from './npz.ts';
import { exportOnnx } from './onnx.ts';
import { exportTfjs } from './tfjs.ts';

export { EXPORT_FORMATS, type ExportFormat } from './formats.ts';

/** A folder is replaced whole, so one that holds anything else is left alone. */
async function refuseToReplace(folder: string, files: readonly string[]): Promise<void> {
  const found = await readdir(folder).catch(() => []);
  const foreign = found.find((name) => !files.includes(name));
  if (foreign !== undefined) {
    throw new UserError('unwritable', `${folder} holds other files, such as ${foreign}`, {
      hint: 'name a new folder with --out',
    });
  }
}

async function writeFolder(folder: string, files: Record<string, Uint8Array>): Promise<void> {
  await refuseToReplace(folder, Object.keys(files));
  await writeFolderAtomically(folder, async (temporary) => {
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(join(temporary, name), bytes);
    }
  });
}

/**
 * Writes a network in another format: `tfjs` a folder, the others one file. It appears whole or
 * not at all. The same network gives the same bytes.
 *
 * @throws UserError `cannot-export` when a layer has no counterpart there, `unwritable`
 */
export async function exportNetwork(
  format: ExportFormat,
  out: string,
  network: Network,
  weights: readonly Weight[],
): Promise<void> {
  switch (format) {
    case 'tfjs':
      return writeFolder(out, exportTfjs(network, weights));
    case 'keras':
      return writeFileAtomically(out, exportKeras(network, weights));
    case 'onnx':
      return writeFileAtomically(out, exportOnnx(network, weights));
    case 'npz':
      return writeFileAtomically(out, exportNpz(weights));
  }
}

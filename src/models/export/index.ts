import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodeNpz,
  type FolderKind,
  writeFileAtomically,
  writeFolderAtomically,
} from '../../storage/index.ts';
import type { Network } from '../network.ts';
import type { Weight } from '../weights.ts';
import type { ExportFormat } from './formats.ts';
import { exportKeras } from './keras.ts';
import { exportOnnx } from './onnx.ts';
import { exportTfjs } from './tfjs.ts';

export { EXPORT_FORMATS, type ExportFormat } from './formats.ts';

const TFJS_FOLDER: FolderKind = {
  name: 'TensorFlow.js model folder',
  marker: 'model.json',
  contents: ['model.json', 'weights.bin'],
};

/**
 * Writes a network in another format: `tfjs` a folder, the others one file. It appears whole or
 * not at all. The same network gives the same bytes.
 *
 * @throws UserError `cannot-export` when a layer has no counterpart there, `foreign-folder` when
 *   another folder is there; UserError or RunError `unwritable`
 */
export async function exportNetwork(
  format: ExportFormat,
  out: string,
  network: Network,
  weights: readonly Weight[],
): Promise<void> {
  switch (format) {
    case 'tfjs':
      return writeFolderAtomically(out, TFJS_FOLDER, async (temporary) => {
        for (const [name, bytes] of Object.entries(exportTfjs(network, weights))) {
          await writeFile(join(temporary, name), bytes);
        }
      });
    case 'keras':
      return writeFileAtomically(out, exportKeras(network, weights));
    case 'onnx':
      return writeFileAtomically(out, exportOnnx(network, weights));
    case 'npz':
      return writeFileAtomically(
        out,
        encodeNpz(weights.map(({ spec, values }) => ({ ...spec, values }))),
      );
  }
}

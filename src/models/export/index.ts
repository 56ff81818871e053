import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../../errors.ts';
import type { Weight } from '../model.ts';
import type { Network } from '../network.ts';
import { exportKeras } from './keras.ts';
import { exportNpz } from './npz.ts';
import { exportOnnx } from './onnx.ts';
import { exportTfjs } from './tfjs.ts';

export const EXPORT_FORMATS = ['tfjs', 'keras', 'onnx', 'npz'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

function encode(
  format: Exclude<ExportFormat, 'tfjs'>,
  network: Network,
  weights: readonly Weight[],
) {
  switch (format) {
    case 'keras':
      return exportKeras(network, weights);
    case 'onnx':
      return exportOnnx(network, weights);
    case 'npz':
      return exportNpz(weights);
  }
}

/**
 * Writes a network in another format: `tfjs` a folder, the others one file. A file appears whole
 * or not at all. The same network gives the same bytes.
 *
 * @throws UserError `cannot-export` when a layer has no counterpart there, `unwritable`
 */
export function exportNetwork(
  format: ExportFormat,
  out: string,
  network: Network,
  weights: readonly Weight[],
): void {
  const temporary = `${out}.partial`;
  const bytes = format === 'tfjs' ? undefined : encode(format, network, weights);
  try {
    if (bytes === undefined) {
      exportTfjs(out, network, weights);
    } else {
      mkdirSync(dirname(out), { recursive: true });
      writeFileSync(temporary, bytes);
      renameSync(temporary, out);
    }
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    rmSync(temporary, { force: true });
    throw new UserError('unwritable', `cannot write ${out}`, {
      hint: 'name a place that can be written with --out',
      cause,
    });
  }
}

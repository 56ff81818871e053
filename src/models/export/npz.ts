import { type Zippable, zipSync } from 'fflate';
import { encodeNpy } from '../../data/index.ts';
import type { Weight } from '../model.ts';

/** Fixed, so that the same files give the same archive; the earliest time that ZIP can say. */
const MODIFIED = new Date(1980, 0, 1);

/** A ZIP archive, not compressed, with the same bytes for the same files. */
export function zip(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const entries = Object.entries(files).map(
    ([name, bytes]) => [name, [bytes, { level: 0, mtime: MODIFIED }]] as const,
  );
  return zipSync(Object.fromEntries(entries) as unknown as Zippable);
}

/** NumPy's `.npz`: every weight under its name, such as `conv1/kernel`, read by `numpy.load`. */
export function exportNpz(weights: readonly Weight[]): Uint8Array {
  return zip(
    Object.fromEntries(
      weights.map(({ spec, values }) => [`${spec.name}.npy`, encodeNpy(values, spec.shape)]),
    ),
  );
}

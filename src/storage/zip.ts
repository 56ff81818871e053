import { unzipSync, type Zippable, zipSync } from 'fflate';
import { FormatError } from './format-error.ts';
import { MAX_FILE_BYTES } from './regular-file.ts';

/** Fixed, so that the same files give the same archive; the earliest time that ZIP can express. */
const MODIFIED = new Date(1980, 0, 1);

/** A ZIP archive, not compressed, with the same bytes for the same files. */
export function zip(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const entries: Zippable = {};
  for (const [name, bytes] of Object.entries(files)) {
    entries[name] = [bytes, { level: 0, mtime: MODIFIED }];
  }
  return zipSync(entries);
}

const MAGIC = 'PK\x03\x04';

export function isZip(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') === MAGIC;
}

/**
 * The files of a ZIP archive that have one of these names.
 * @param file the archive's name, for messages
 * @throws FormatError when it is damaged, or one of them is too large
 */
export function unzip(
  file: string,
  bytes: Uint8Array,
  names: readonly string[],
): ReadonlyMap<string, Uint8Array> {
  const filter = ({ name, originalSize }: { name: string; originalSize: number }): boolean => {
    if (names.includes(name) && originalSize > MAX_FILE_BYTES) {
      throw new FormatError(
        file,
        `its ${name} is larger than the limit of ${MAX_FILE_BYTES} bytes`,
      );
    }
    return names.includes(name);
  };
  try {
    return new Map(Object.entries(unzipSync(bytes, { filter })));
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(file, 'cannot be read as a ZIP archive', {
      hint: 'the file is damaged or incomplete: save it again, or restore a copy',
      cause,
    });
  }
}

import { type Zippable, zipSync } from 'fflate';

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

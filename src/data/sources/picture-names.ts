/** Where the pictures of a folder lie. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from './listing.ts';

/** File names of pictures. */
const PICTURE = /\.(png|jpe?g|webp)$/i;

/** Names of the folders of the parts. */
const PARTS = {
  train: ['train', 'training'],
  test: ['test', 'testing', 'val', 'valid', 'validation'],
} as const;

/** The pictures in the folder of a class, by name. */
export const picturesIn = (folder: string): string[] =>
  namesIn(folder).filter((name) => PICTURE.test(name) && !name.startsWith('.'));

/** The folders of classes: all that are in a folder, hidden ones apart. */
export function classFoldersOf(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.'))
      .filter((entry) => entry.isDirectory() || isFolderLink(join(folder, entry.name)))
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

function isFolderLink(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // a link to nothing, or in a circle
  }
}

const hasPictures = (folder: string): boolean =>
  classFoldersOf(folder).some((name) => picturesIn(join(folder, name)).length > 0);

/** The folders of the parts; a folder without parts is test pictures. */
export function findPictures(source: string): { train?: string; test?: string } | undefined {
  const folderOf = (part: keyof typeof PARTS) =>
    PARTS[part].map((name) => join(source, name)).find(hasPictures);
  const [train, test] = [folderOf('train'), folderOf('test')];
  if (train !== undefined || test !== undefined) {
    return { ...(train !== undefined && { train }), ...(test !== undefined && { test }) };
  }
  return hasPictures(source) ? { test: source } : undefined;
}

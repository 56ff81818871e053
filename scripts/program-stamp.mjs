// Which files the built program was made of: set-up, `npm ci` and `npm pack` build what has changed.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const INPUTS = [
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/bundle.mjs',
  'src',
  'native/backend',
];
const stamp = join(root, 'dist', '.distill-setup');

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => filesOf(join(path, name)));
}

function programDigest() {
  const hash = createHash('sha256');
  for (const file of INPUTS.flatMap((path) => filesOf(join(root, path)))) {
    hash.update(file.slice(root.length)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** Whether the program was built, and of these files. */
export const isBuilt = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === programDigest();

/** Forgets the old build; returns the digest of what the new one is made of. */
export function beginBuild() {
  rmSync(stamp, { force: true });
  return programDigest();
}

export function endBuild(digest) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, seen from the sources and from the built files alike. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    try {
      const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (name === 'distill') return folder;
    } catch {
      // not here: look one folder up
    }
    if (dirname(folder) === folder) throw new Error('package.json not found');
    folder = dirname(folder);
  }
}

/** Such as `distill 0.1.0`: written into every record and model folder. */
export function programVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
  return `distill ${version}`;
}

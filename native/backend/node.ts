import { createRequire } from 'node:module';
import { KERNELS } from './kernel-table.ts';
import type { Addon } from './kernels.ts';
import { addonFile } from './paths.ts';

/**
 * Loads the Node.js addon.
 *
 * @throws Error when it was not built, not for this platform, or from sources with other kernels, which
 *   plans would call by the wrong numbers
 */
export function loadAddon(file: string = addonFile): Addon {
  const addon = createRequire(import.meta.url)(file);
  const names = Object.keys(addon);
  if (KERNELS.some(([name], number) => names[number] !== name)) {
    throw new Error('it was built from other sources; `npm install` builds it again');
  }
  return addon;
}

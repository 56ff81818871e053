import { createRequire } from 'node:module';
import type { Addon } from './kernels.ts';
import { addonFile } from './paths.ts';

/**
 * Loads the Node.js addon.
 *
 * @throws Error when it was not built, or not for this platform
 */
export function loadAddon(file: string = addonFile): Addon {
  return createRequire(import.meta.url)(file);
}

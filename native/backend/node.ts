import { createRequire } from 'node:module';
import type { Kernels } from './kernels.ts';
import { addonFile } from './paths.ts';

/**
 * Loads the Node.js addon.
 *
 * @throws Error when it was not built, or not for this platform
 */
export function loadAddon(file: string = addonFile): Kernels {
  return createRequire(import.meta.url)(file);
}

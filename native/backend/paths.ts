import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's root: the nearest folder above this file with a package.json (so also from dist/). */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

const native = join(packageRoot(), 'native');

/** The compiled addon; absent where no compiler was found. */
export const addonFile = join(native, 'build', 'out', 'kernels.node');
/** How the addon was built, or why it was not. */
export const buildRecordFile = join(native, 'build', 'out', 'build.json');
/** The WebAssembly module that is shipped with the sources. */
export const wasmFile = join(native, 'wasm', 'kernels.wasm');
/** TensorFlow.js's gradients as one file that Node can load (see `build/gradients.mjs`). */
export const gradientsFile = join(native, 'gradients', 'gradients.cjs');

// What the engine `webgpu` needs here: its peers and, where the machine has no GPU, a Vulkan driver in
// software. Chromium brings one, SwiftShader.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { homeOf, installPeers, isInstalled, linkPeers } from '../peers.mjs';

const PEERS = ['webgpu', '@tensorflow/tfjs-backend-webgpu'];
const DRIVER = 'vk_swiftshader_icd.json';

/**
 * Makes the engine `webgpu` available to this repository until the process ends: installs its peers,
 * and names SwiftShader in `VK_DRIVER_FILES` unless a driver is named there.
 * @param chromium path of a Chromium, if there is one
 * @returns undefined, or why the peers cannot be had, in one line
 */
export function provideWebgpu(chromium) {
  const folders = [chromium && dirname(chromium), '/usr/lib/chromium', '/opt/google/chrome'];
  const drivers = folders.flatMap((folder) => (folder ? [join(folder, DRIVER)] : []));
  process.env.VK_DRIVER_FILES ??= drivers.find((file) => existsSync(file)) ?? '';
  if (PEERS.every(isInstalled)) return undefined;
  const home = homeOf('webgpu');
  try {
    if (!PEERS.every((name) => existsSync(join(home, 'node_modules', name)))) {
      installPeers(home, PEERS);
    }
    linkPeers(home, PEERS);
    return undefined;
  } catch (error) {
    return `the packages ${PEERS.join(' and ')} cannot be installed: ${error.message}`;
  }
}

/** The library's entry for pages on a GPU: an attack in Chromium, on its driver in software. */
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { withPage } from '../../test/browser/chromium.ts';
import type { attackedBrightness } from './brightness.ts';

const root = join(import.meta.dirname, '..', '..');

/** WebGPU without a GPU. */
const SOFTWARE = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** What the page computes, with the library and the kernels as a user would bundle them. */
const SCRIPT = `
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as library from './dist/assets/browser.js';
import { attackedBrightness } from './scripts/webgpu/brightness.ts';
globalThis.attack = async () => {
  const adapter = await library.startBrowserWebgpu(WebGPUBackend);
  return { adapter, images: await attackedBrightness(library) };
};`;

export interface PageResult {
  readonly adapter: string;
  readonly images: Awaited<ReturnType<typeof attackedBrightness>>;
}

/** @param executable path of a Chromium */
export async function attackInPage(executable: string): Promise<PageResult> {
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir: root },
    bundle: true,
    format: 'esm',
    preserveSymlinks: true,
    write: false,
  });
  const files = new Map<string, string | Uint8Array>([
    ['/', '<!doctype html><script type="module" src="page.js"></script>'],
    ['/page.js', outputFiles[0].contents],
  ]);
  const attack = async (page: Page, address: string): Promise<PageResult> => {
    await page.goto(address);
    await page.waitForFunction('globalThis.attack');
    return page.evaluate<PageResult>('attack()');
  };
  return withPage(executable, files, attack, SOFTWARE);
}

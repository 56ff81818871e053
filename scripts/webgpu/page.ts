/** The library's entry for pages on a GPU: an attack in Chromium, on its driver in software. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { startChromium } from '../../test/browser/chromium.ts';
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
  const server = createServer(({ url }, response) => {
    const [type, content] =
      url === '/page.js'
        ? ['text/javascript', outputFiles[0].contents]
        : ['text/html', '<!doctype html><script type="module" src="page.js"></script>'];
    response.writeHead(200, { 'content-type': type }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await startChromium(executable, SOFTWARE);
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction('globalThis.attack');
    return await page.evaluate<PageResult>('attack()');
  } finally {
    await browser.close();
    server.close();
  }
}

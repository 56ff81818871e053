/** The example page in a real browser, with the package's own entry for pages. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { build } from 'esbuild';
import { findChromium, startChromium } from './chromium.ts';

const executable = findChromium();

it('the example page attacks a model of its own', { skip: !executable }, async () => {
  const { outputFiles } = await build({
    entryPoints: ['examples/browser-page/page.ts'],
    bundle: true,
    format: 'esm',
    loader: { '.wasm': 'file' },
    outdir: 'out',
    write: false,
  });
  const files = new Map<string, Uint8Array>([
    ['/', await readFile('examples/browser-page/index.html')],
    ...outputFiles.map(({ path, contents }) => [`/${path.split('/').at(-1)}`, contents] as const),
  ]);
  const server = createServer(({ url = '' }, response) => {
    const type = url === '/' ? 'text/html' : url.endsWith('.js') ? 'text/javascript' : '';
    const file = files.get(url);
    response.writeHead(file ? 200 : 404, type ? { 'content-type': type } : {}).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await startChromium(executable as string);
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const result = page.locator('#result', { hasText: 'became' });
    await result.waitFor({ timeout: 60_000 }).catch(() => assert.fail(errors.join('\n')));
    assert.match(
      String(await result.textContent()),
      /^class 0 became class [123] after \d+ forward and \d+ backward passes$/,
    );
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
    server.close();
  }
});

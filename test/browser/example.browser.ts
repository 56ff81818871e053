/** The example page in a real browser, with the package's own entry for pages. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { build } from 'esbuild';
import { findChromium, withPage } from './chromium.ts';

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
  await withPage(executable as string, files, async (page, address) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(address);
    const result = page.locator('#result', { hasText: 'became' });
    await result.waitFor({ timeout: 60_000 }).catch(() => assert.fail(errors.join('\n')));
    assert.match(
      String(await result.textContent()),
      /^class 0 became class [123] after \d+ forward and \d+ backward passes$/,
    );
    assert.deepEqual(errors, []);
  });
});

import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

/** Path of a Chromium on this machine: `CHROMIUM` in the environment, else the first on the PATH. */
export function findChromium(): string | undefined {
  const { CHROMIUM, PATH = '' } = process.env;
  if (CHROMIUM) return CHROMIUM;
  const paths = PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Starts it without a window and without anything that would go to the network by itself.
 * @param options of the command line besides
 */
export function startChromium(
  executablePath: string,
  options: readonly string[] = [],
): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...options,
    ],
  });
}

/**
 * Opens an empty page beside a server of this machine.
 * @param files what it serves, by path, such as `/` and `/page.js`
 * @param body gets the page and the server's address, which ends with a slash
 * @param options of Chromium's command line
 */
export async function withPage<Result>(
  executablePath: string,
  files: ReadonlyMap<string, string | Uint8Array>,
  body: (page: Page, address: string) => Promise<Result>,
  options: readonly string[] = [],
): Promise<Result> {
  const server = createServer(({ url = '' }, response) => {
    const type = url === '/' ? 'text/html' : url.endsWith('.js') ? 'text/javascript' : '';
    const file = files.get(url);
    response.writeHead(file ? 200 : 404, type ? { 'content-type': type } : {}).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await startChromium(executablePath, options);
  try {
    const { port } = server.address() as AddressInfo;
    return await body(await browser.newPage(), `http://127.0.0.1:${port}/`);
  } finally {
    await browser.close();
    server.close();
  }
}

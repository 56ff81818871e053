/** Loads a TensorFlow.js export in a headless browser and returns the classes it predicts. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';

const LIBRARIES = ['tfjs-core', 'tfjs-backend-cpu', 'tfjs-layers'];
const VERSION = '4.22.0';
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];

const PAGE = `<!doctype html>
${LIBRARIES.map((name) => `<script src="/${name}"></script>`).join('\n')}
<script type="module">
try {
  await tf.setBackend('cpu');
  const model = await tf.loadLayersModel('/model.json');
  const pixels = new Float32Array(await (await fetch('/images')).arrayBuffer());
  const shape = model.inputs[0].shape.slice(1);
  const images = tf.tensor(pixels, [pixels.length / shape.reduce((a, b) => a * b), ...shape]);
  const classes = Array.from(await tf.argMax(model.predict(images), -1).data());
  await fetch('/result', { method: 'POST', body: JSON.stringify(classes) });
} catch (error) {
  await fetch('/result', { method: 'POST', body: JSON.stringify(String(error)) });
}
</script>`;

function findBrowser(): string {
  for (const name of BROWSERS) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // not this one: try the next
    }
  }
  throw new Error(`no browser found: install one of ${BROWSERS.join(', ')}`);
}

/** TensorFlow.js for browsers, in a folder of its own: the program itself needs no such bundle. */
function libraries(cache: string): Map<string, string> {
  const path = (name: string) =>
    join(
      cache,
      'node_modules',
      '@tensorflow',
      name,
      'dist',
      `${name.replace('tfjs', 'tf')}.min.js`,
    );
  if (!LIBRARIES.every((name) => existsSync(path(name)))) {
    const wanted = LIBRARIES.map((name) => `@tensorflow/${name}@${VERSION}`);
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefix', cache];
    execFileSync('npm', ['install', ...flags, ...wanted], { stdio: 'ignore' });
  }
  return new Map(LIBRARIES.map((name) => [`/${name}`, path(name)]));
}

/** @param folder a TensorFlow.js export @param pixels images, row-major */
export async function classesInBrowser(
  folder: string,
  pixels: Float32Array,
  cache: string,
): Promise<number[]> {
  const scripts = libraries(cache);
  const browser = findBrowser();
  let finish: (classes: unknown) => void;
  const result = new Promise<unknown>((resolve) => {
    finish = resolve;
  });
  const server = createServer((request, response) => {
    const url = request.url ?? '/';
    if (request.method === 'POST') {
      let body = '';
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => finish(JSON.parse(body)));
      response.end();
      return;
    }
    const script = scripts.get(url);
    if (url === '/') response.setHeader('content-type', 'text/html').end(PAGE);
    else if (script)
      response.setHeader('content-type', 'text/javascript').end(readFileSync(script));
    else if (url === '/images') response.end(Buffer.from(pixels.buffer));
    else {
      const file = join(folder, basename(url));
      if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'];
  const page = execFile(browser, [...flags, `http://127.0.0.1:${port}/`]);
  const timeout = setTimeout(() => finish('the page gave no answer in 120 s'), 120_000);
  const classes = await result;
  clearTimeout(timeout);
  page.kill();
  server.close();
  server.closeAllConnections();
  if (!Array.isArray(classes)) throw new Error(String(classes));
  return classes;
}

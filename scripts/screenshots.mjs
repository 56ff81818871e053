// Takes the README's pictures of a report: the page and the playground, as docs/images/*.png.
//
//   node --import tsx scripts/screenshots.mjs [REPORT FOLDER]     default: report
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findChromium, startChromium } from '../test/browser/chromium.ts';

const folder = resolve(process.argv[2] ?? 'report');
const images = fileURLToPath(new URL('../docs/images/', import.meta.url));
const executable = findChromium();
if (!executable) {
  console.error('error: no Chromium on the PATH; CHROMIUM names one.');
  process.exit(2);
}
mkdirSync(images, { recursive: true });

const browser = await startChromium(executable);
for (const [name, theme, height] of [
  ['index', 'light', 840],
  ['playground', 'dark', 800],
]) {
  const page = await browser.newPage({ viewport: { width: 1280, height }, colorScheme: theme });
  await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
  if (name === 'playground') {
    await page.getByText('Computed here').waitFor();
    await page.selectOption('select[name=attack]', 'pgd');
  }
  await page.screenshot({ path: join(images, name === 'index' ? 'report.png' : `${name}.png`) });
}
await browser.close();

// Bundles what reports carry into a browser: the page's style sheet and script.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

await build({
  entryPoints: [path('src/report/browser/page.ts'), path('src/report/browser/page.css')],
  outdir: path('dist/assets'),
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['es2022', 'safari16'],
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
});

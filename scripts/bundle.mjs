// Bundles what reports carry into a browser: style sheets and scripts. In `playground.js` run the
// program's own models, attacks and kernels; what of them needs Node.js has a stand-in.
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

const standIns = {
  name: 'stand-ins',
  setup({ onResolve }) {
    onResolve({ filter: /\/engine\/index\.ts$/ }, () => ({
      path: join(root, 'src/engine/browser.ts'),
    }));
    // In Node.js a file of this repository carries them, because Node cannot import these modules.
    onResolve({ filter: /\/tfjs_gradients\.ts$/ }, () => ({
      path: join(
        dirname(require.resolve('@tensorflow/tfjs-core/package.json')),
        'dist/register_all_gradients.js',
      ),
    }));
  },
};

const { metafile } = await build({
  entryPoints: ['page.ts', 'playground.ts', 'page.css', 'playground.css'].map((name) =>
    join(root, 'src/report/browser', name),
  ),
  outdir: join(root, 'dist/assets'),
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: ['es2022', 'safari16'],
  charset: 'utf8',
  legalComments: 'eof',
  logLevel: 'warning',
  metafile: true,
  plugins: [standIns],
});

if (process.argv.includes('--sizes')) {
  for (const [file, { bytes }] of Object.entries(metafile.outputs)) {
    console.log(`${basename(file)}: ${bytes} bytes`);
  }
}

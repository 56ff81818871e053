// Bundles what reports carry into a browser: style sheets and scripts. In `playground.js` run the
// program's own models, attacks and kernels; what of them needs Node.js has a stand-in. A bundle ends
// with the license texts of what it contains, because reports are passed on as single files.
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** TensorFlow.js's gradients, in a module that Node.js cannot import and bundlers can. */
const GRADIENTS = '@tensorflow/tfjs-core/dist/register_all_gradients.js';

/** Replaces what needs Node.js; TensorFlow.js stays an import where it is not bundled. */
const standIns = ({ bundled }) => ({
  name: 'stand-ins',
  setup({ onResolve }) {
    onResolve({ filter: /\/engine\/index\.ts$/ }, () => ({
      path: join(root, 'src/engine/browser.ts'),
    }));
    onResolve({ filter: /\/models\/index\.ts$/ }, () => ({
      path: join(root, 'src/models/browser.ts'),
    }));
    onResolve({ filter: /\/tfjs-gradients\.ts$/ }, () =>
      bundled ? { path: require.resolve(GRADIENTS) } : { path: GRADIENTS, external: true },
    );
  },
});

const OWN_LICENSE = '/*! distill, licensed under the Apache License, Version 2.0 */';

/** The folders of the npm packages that a bundle contains parts of. */
function packagesIn(inputs) {
  const folders = Object.keys(inputs)
    .filter((file) => inputs[file].bytesInOutput > 0 && !file.startsWith('(disabled):'))
    .map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  return [...new Set(folders)].filter((folder) => folder !== undefined).sort();
}

/** The license text of a package: its file, the end of its README, or the text that it names. */
function licenseText(folder, license) {
  const files = readdirSync(folder);
  const file = files.find((name) => /^licen[cs]e/i.test(name));
  if (file) return readFileSync(join(folder, file), 'utf8');
  const readme = files.find((name) => /^readme/i.test(name));
  const section =
    readme && /^#* ?LICENSE\b[\s\S]*/m.exec(readFileSync(join(folder, readme), 'utf8'));
  if (section) return section[0];
  if (license === 'Apache-2.0') return readFileSync(join(root, 'LICENSE'), 'utf8');
  throw new Error(`${folder} has no license text, and says ${license}`);
}

/** A comment with the license texts of packages, each text once. */
function licenseComment(folders) {
  const owners = new Map();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    const text = licenseText(join(root, folder), license).trim().replaceAll('\r', '');
    owners.set(text, [...(owners.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const parts = [...owners].map(([text, names]) => `${names.join(', ')}\n\n${text}`);
  return `/*! Licenses of the packages in this file\n\n${parts.join('\n\n').replaceAll('*/', '* /')}\n*/\n`;
}

const shared = {
  outdir: join(root, 'dist/assets'),
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: ['es2022', 'safari16'],
  charset: 'utf8',
  legalComments: 'eof',
  absWorkingDir: root,
  logLevel: 'warning',
  metafile: true,
};

const { metafile } = await build({
  ...shared,
  entryPoints: ['page.ts', 'playground.ts', 'page.css', 'playground.css'].map((name) =>
    join(root, 'src/report/browser', name),
  ),
  minify: true,
  banner: { js: OWN_LICENSE, css: OWN_LICENSE },
  plugins: [standIns({ bundled: true })],
});

// The library for pages is bundled again by those who use it, with their own TensorFlow.js.
await build({
  ...shared,
  entryPoints: [join(root, 'src/browser.ts')],
  banner: { js: OWN_LICENSE },
  external: ['@tensorflow/*'],
  plugins: [standIns({ bundled: false })],
});

for (const [file, { inputs }] of Object.entries(metafile.outputs)) {
  const packages = packagesIn(inputs);
  if (packages.length > 0) appendFileSync(join(root, file), licenseComment(packages));
}

if (process.argv.includes('--sizes')) {
  for (const [file, { bytes }] of Object.entries(metafile.outputs)) {
    console.log(`${basename(file)}: ${bytes} bytes`);
  }
}

// TensorFlow.js's Node bundle leaves its gradients out and keeps them in ES modules that Node
// cannot import (no extensions, no "type"). This writes them as one file that takes everything
// public from '@tensorflow/tfjs-core' and carries only what is not.
//
//   node native/build/gradients.mjs           writes native/gradients/gradients.cjs
//   node native/build/gradients.mjs --check   says whether it is current (exit code 1 if not)
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as core from '@tensorflow/tfjs-core';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const root = dirname(require.resolve('@tensorflow/tfjs-core/package.json'));
const dist = join(root, 'dist');
const output = fileURLToPath(new URL('../gradients/gradients.cjs', import.meta.url));

/** Modules of the package that the public API offers as a namespace. */
const namespaces = {
  'util.js': '.util',
  'ops/broadcast_util.js': '.broadcast_util',
  'ops/axis_util.js': '.backend_util',
  'ops/conv_util.js': '.backend_util',
  'ops/slice_util.js': '.slice_util',
  'ops/ops.js': '',
  'base.js': '',
  'environment.js': '',
};

/** The names that a module exports, if the public API offers all of them; else undefined. */
function publicNames(file) {
  const source = readFileSync(file, 'utf8');
  if (/^export \*/m.test(source)) return undefined;
  const names = [...source.matchAll(/^export (?:const|let|var|function|class) (\w+)/gm)].map(
    ([, name]) => name,
  );
  for (const [, list] of source.matchAll(/^export \{([^}]*)\}/gm)) {
    names.push(
      ...list.split(',').map((name) =>
        name
          .trim()
          .split(/\s+as\s+/)
          .at(-1),
      ),
    );
  }
  return names.every((name) => name in core) ? names : undefined;
}

const takePublicNames = {
  name: 'take-public-names',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
      const base = join(resolveDir, path);
      const file = existsSync(`${base}.js`) ? `${base}.js` : join(base, 'index.js');
      const name = relative(dist, file);
      if (name.startsWith('gradients/')) return { path: file };
      if (name in namespaces) return { path: name, namespace: 'public-namespace' };
      const names = publicNames(file);
      if (names === undefined) return { path: file };
      return { path: name, namespace: 'public', pluginData: names };
    });
    onLoad({ filter: /.*/, namespace: 'public' }, ({ pluginData: names }) => ({
      contents: `export { ${names.join(', ')} } from '@tensorflow/tfjs-core';`,
      resolveDir: dist,
    }));
    onLoad({ filter: /.*/, namespace: 'public-namespace' }, ({ path }) => ({
      contents: `module.exports = require('@tensorflow/tfjs-core')${namespaces[path]};`,
      resolveDir: dist,
    }));
    onLoad({ filter: /dist\/engine\.js$/ }, () => ({
      contents: "import { engine } from '@tensorflow/tfjs-core'; export const ENGINE = engine();",
      resolveDir: dist,
    }));
  },
};

const { outputFiles } = await build({
  entryPoints: [join(dist, 'register_all_gradients.js')],
  absWorkingDir: dist, // the comments that name the modules do not depend on the checkout
  bundle: true,
  platform: 'node',
  format: 'cjs',
  external: ['@tensorflow/tfjs-core'],
  plugins: [takePublicNames],
  ignoreAnnotations: true,
  legalComments: 'none',
  minifySyntax: true,
  write: false,
  banner: {
    js: `// Generated from @tensorflow/tfjs-core ${core.version_core} by native/build/gradients.mjs.\n// Copyright Google LLC, licensed under the Apache License, Version 2.0.`,
  },
});
const text = outputFiles[0].text;
if (process.argv.includes('--check')) {
  process.exitCode = existsSync(output) && readFileSync(output, 'utf8') === text ? 0 : 1;
} else {
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, text);
}

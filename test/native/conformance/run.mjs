// Runs the op conformance suite that ships with TensorFlow.js against one backend and prints a
// summary as JSON: how many specs ran, and the failures with their messages.
//
//   node test/native/conformance/run.mjs native|wasm [part of a spec's name]
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import jasmine from 'jasmine-core';
import { ignored } from './ignored.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const root = join(folder, '..', '..', '..');
const [backend, filter = ''] = process.argv.slice(2);
const bundle = join(root, 'native', 'build', 'out', `conformance-${backend}-${process.pid}.mjs`);

/** One copy of TensorFlow.js in the bundle, with its gradients from the package's own modules. */
const plugin = {
  name: 'conformance',
  setup({ onResolve, onLoad }) {
    onLoad({ filter: /native\/backend\/tfjs-gradients\.ts$/ }, () => ({
      contents: "import '@tensorflow/tfjs-core/dist/register_all_gradients';",
      resolveDir: root,
    }));
    // Used to raise a time-out only; its interface is that of an older Jasmine.
    onResolve({ filter: /^jasmine-core\// }, ({ path }) => ({ path, namespace: 'stub' }));
    onLoad({ filter: /.*/, namespace: 'stub' }, () => ({
      contents: 'module.exports = { core: () => globalThis.jasmine };',
    }));
  },
};

await build({
  stdin: {
    contents: "import './setup.ts'; import '@tensorflow/tfjs-core/dist/tests';",
    resolveDir: folder,
  },
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  mainFields: ['module', 'main'],
  ignoreAnnotations: true, // the packages are marked free of side effects: the suite would be empty
  logLevel: 'error',
  plugins: [plugin],
  banner: {
    js: "import { createRequire as topLevelRequire } from 'node:module'; const require = topLevelRequire(import.meta.url);",
  },
});

jasmine.installGlobals();
const env = globalThis.jasmine.getEnv();
env.configure({ random: false, forbidDuplicateNames: false });
env.configure({
  specFilter(spec) {
    const name = spec.getFullName();
    const isIgnored = ignored.some((one) => name === `${one.suite} ${backend} {} ${one.spec}`);
    return !isIgnored && name.includes(filter);
  },
});

try {
  await import(pathToFileURL(bundle));
} finally {
  rmSync(bundle);
}

const summary = { passed: 0, pending: 0, failures: [] };
env.addReporter({
  specDone({ status, fullName, failedExpectations }) {
    if (status === 'passed') summary.passed++;
    else if (status === 'failed') {
      summary.failures.push({ spec: fullName, message: failedExpectations[0]?.message });
    } else if (status !== 'excluded') summary.pending++;
  },
});
const noise = { log: console.log, warn: console.warn };
console.log = console.warn = () => {};
await env.execute();
Object.assign(console, noise);
process.stdout.write(`${JSON.stringify(summary, null, 1)}\n`);
process.exitCode = summary.failures.length === 0 ? 0 : 1;

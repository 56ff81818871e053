// Runs the op conformance suite that ships with TensorFlow.js against one backend and prints a
// summary as JSON: how many specs ran, and the failures with their messages.
//
//   node test/native/conformance/run.mjs native|wasm|webgpu [parts of specs' names]
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import jasmine from 'jasmine-core';
import { ignored } from './ignored.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const root = join(folder, '..', '..', '..');
const [backend, ...parts] = process.argv.slice(2);
const setup = backend === 'webgpu' ? 'setup-webgpu.mjs' : 'setup.ts';
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
    contents: `import './${setup}'; import '@tensorflow/tfjs-core/dist/tests';`,
    resolveDir: folder,
  },
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  external: ['webgpu'],
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
    const isIgnored = ignored[backend].some(
      ({ suite, specs }) =>
        name.startsWith(`${suite} ${backend} {`) &&
        (specs === undefined || specs.some((one) => name.endsWith(`} ${one}`))),
    );
    return !isIgnored && (parts.length === 0 || parts.some((part) => name.includes(part)));
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
const noise = Object.fromEntries(
  ['debug', 'error', 'info', 'log', 'warn'].map((level) => [level, console[level]]),
);
for (const level of Object.keys(noise)) console[level] = () => {};
await env.execute();
Object.assign(console, noise);
process.stdout.write(`${JSON.stringify(summary, null, 1)}\n`);
process.exitCode = summary.failures.length === 0 ? 0 : 1;

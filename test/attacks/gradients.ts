/**
 * Registers TensorFlow.js's gradients, which its Node bundle leaves out and its ES modules keep
 * where Node cannot import them: bundled here for the tests that need no engine.
 */
import { createRequire } from 'node:module';
import { buildSync } from 'esbuild';

const { outputFiles } = buildSync({
  stdin: {
    contents: "import '@tensorflow/tfjs-core/dist/register_all_gradients.js';",
    resolveDir: import.meta.dirname,
  },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  write: false,
  logLevel: 'error',
  ignoreAnnotations: true,
});
new Function('require', outputFiles[0].text)(createRequire(import.meta.url));

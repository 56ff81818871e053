import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { nativeMissing } from './backends.ts';

const run = promisify(execFile);
const script = join(import.meta.dirname, 'conformance', 'run.mjs');

interface Summary {
  passed: number;
  pending: number;
  failures: { spec: string; message: string }[];
}

for (const backend of ['native', 'wasm']) {
  const skip = backend === 'native' && nativeMissing;
  test(`TensorFlow.js's own conformance suite on ${backend}`, { skip }, async () => {
    const output = await run(process.execPath, [script, backend], { maxBuffer: 1 << 26 }).catch(
      (error) => error,
    );
    assert.ok(output.stdout, output.stderr);
    const summary: Summary = JSON.parse(output.stdout);
    assert.deepEqual(summary.failures, []);
    assert.ok(summary.passed >= 4200, `only ${summary.passed} specs ran`);
  });
}

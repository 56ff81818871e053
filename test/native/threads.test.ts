// The thread pool on a system that does not start as many threads as it is asked for.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { nativeMissing } from './backends.ts';

const run = promisify(execFile);
const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;
const skip = nativeMissing || (!hasPrlimit && 'no prlimit here, which lowers a limit for the test');

/** A thread reserves 8 MiB of addresses for its stack, so this limit allows a few of 255. */
const script = `
  import { execFileSync } from 'node:child_process';
  import { readFileSync } from 'node:fs';
  import * as tf from '@tensorflow/tfjs-core';
  import { startEngine } from './src/engine/index.ts';
  const product = () => tf.tidy(() =>
    tf.matMul(tf.fill([500, 300], 0.5), tf.fill([300, 400], 0.25)).dataSync().reduce((a, b) => a + b));
  await startEngine('native', 1);
  const alone = product();
  const size = Number(readFileSync('/proc/self/status', 'utf8').match(/VmSize:\\s*(\\d+)/)[1]);
  const limit = (size + 64 * 1024) * 1024;
  execFileSync('prlimit', ['--pid', String(process.pid), '--as=' + limit]);
  const { threads, summary } = await startEngine('native', 256);
  const together = product();
  const fewer = await startEngine('native', 2);
  process.stdout.write(JSON.stringify({ alone, together, threads, summary, fewer: fewer.threads }));`;

test('a pool that cannot start all its threads works with fewer', { skip }, async () => {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
  const { stdout } = await run(process.execPath, args, {
    cwd: join(import.meta.dirname, '..', '..'),
  });
  const { alone, together, threads, summary, fewer } = JSON.parse(stdout);
  assert.ok(threads >= 1 && threads < 256, `${threads} threads`);
  assert.match(summary, new RegExp(`, ${threads} threads?$`));
  assert.equal(together, alone);
  assert.ok(fewer <= 2);
});

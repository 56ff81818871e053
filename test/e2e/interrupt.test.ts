/** Ctrl+C and SIGTERM say how to go on, at once, and what they say works. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writeBands } from '../../scripts/pack/use.mjs';
import { inspectEngines } from '../../src/engine/index.ts';
import { distill, program } from './distill.ts';

const TRAIN = ['train-teacher', '--data', 'bands', '--architecture', 'dense', '--epochs', '400'];

let folder: string;
let skip: string | false = false;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'interrupt-'));
  writeBands(join(folder, 'bands'));
  const native = (await inspectEngines()).find(({ name }) => name === 'native');
  if (!native?.usable) skip = 'without a compiler nothing is said';
});
after(() => rmSync(folder, { recursive: true }));

/** Ends a command by a signal once its standard error matches. */
function interrupted(args: readonly string[], when: RegExp, signal: 'SIGINT' | 'SIGTERM') {
  return new Promise<{ signal: string | null; stderr: string }>((resolve) => {
    const child: ChildProcess = spawn(process.execPath, [program, ...args], { cwd: folder });
    let stderr = '';
    let isSent = false;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (isSent || !when.test(stderr)) return;
      isSent = child.kill(signal);
    });
    child.on('close', (_, ended) => resolve({ signal: ended, stderr }));
  });
}

describe('an interrupted command', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`says how to go on at ${signal}, and does`, async (t) => {
      if (skip) return t.skip(skip);
      const run = await interrupted(TRAIN, /epoch (?!1\/)\d+\//, signal);
      assert.equal(run.signal, signal, run.stderr);
      const [, command] = run.stderr.match(/\ninterrupted: go on with distill (.*)\n$/) ?? [];
      assert.equal(command, [...TRAIN, '--resume'].join(' '), run.stderr);
      const resumed = await distill(folder, [...command.split(' '), '--quiet']);
      assert.equal(resumed.code, 0, resumed.stderr);
    });
  }
});

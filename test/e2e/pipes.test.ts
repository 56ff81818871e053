import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { distill, program } from './distill.ts';

/** What becomes of a command whose output or notes go to a reader that reads nothing. */
async function intoClosedPipe(args: string, piped: 'stdout' | 'stderr', cwd: string) {
  const others = piped === 'stdout' ? '' : '2>&1 >/dev/null';
  const line = `{ "$0" "$1" ${args} ${others}; echo "code $?" >&3; } | true`;
  const child = spawn('sh', ['-c', line, process.execPath, program], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const texts = ['', '', '', ''];
  for (const fd of [2, 3]) {
    child.stdio[fd]?.on('data', (bytes: Buffer) => {
      texts[fd] += bytes;
    });
  }
  await once(child, 'close');
  return { stderr: texts[2], end: texts[3].trim() };
}

describe('a reader that leaves early', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-pipes-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('ends the program without a word, and not with the code of a missed gate', async () => {
    for (const args of ['doctor --json', 'doctor', '--help']) {
      assert.deepEqual(await intoClosedPipe(args, 'stdout', folder), {
        stderr: '',
        end: 'code 141',
      });
    }
  });

  it('of the notes does so too', async () => {
    const { end } = await intoClosedPipe('predict', 'stderr', folder);
    assert.equal(end, 'code 141');
  });

  it('of nothing is no trouble: doctor finds its folders writable and makes none', async () => {
    const { code, stdout, stderr } = await distill(folder, ['doctor', '--json']);
    assert.equal(code, 0, stderr);
    const { findings } = JSON.parse(stdout);
    for (const what of ['folder models/', 'folder data/']) {
      const found = findings.find((one: { what: string }) => one.what === what);
      assert.deepEqual(found, { what, ok: true, detail: 'does not exist yet, can be made' });
    }
    assert.deepEqual(await readdir(folder), []);
  });
});

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openSweep, readSweep, SweepLock } from '../../src/experiments/sweep-folder.ts';
import { refused } from '../data/folders.ts';

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'distill-sweep-folder-'));
});
after(() => rm(home, { recursive: true }));

const state = { program: 'distill test', digest: 'a'.repeat(64), command: ['sweep'] };

describe('the folder of a sweep', () => {
  it('is begun once, and gone on with after that', async () => {
    const folder = join(home, 'own');
    assert.equal(await openSweep(folder, state), false);
    assert.equal(await openSweep(folder, { ...state, command: ['sweep', '--workers', '2'] }), true);
    assert.deepEqual((await readSweep(folder)).command, ['sweep'], 'as it was begun');
  });

  it('is not taken from another sweep, nor from anything else', async () => {
    const folder = join(home, 'other');
    await openSweep(folder, state);
    const other = { ...state, digest: 'b'.repeat(64) };
    await assert.rejects(openSweep(folder, other), refused('foreign-sweep', /holds another sweep/));
    const foreign = join(home, 'foreign');
    await mkdir(foreign);
    await writeFile(join(foreign, 'thesis.txt'), 'text');
    await assert.rejects(openSweep(foreign, state), refused('foreign-folder', /thesis\.txt/));
    for (const damage of ['', 'null', '{}', '[', '{"schema":"distill-sweep/9"}']) {
      await writeFile(join(folder, 'sweep.json'), damage);
      await assert.rejects(openSweep(folder, state), refused('bad-sweep', /cannot read/));
    }
  });
});

describe('the lock of a sweep', () => {
  it('keeps a second process out while the first one lives', async () => {
    const folder = join(home, 'locked');
    await mkdir(folder);
    const child = spawn('sleep', ['60']);
    try {
      const lock = { pid: child.pid, workers: [] };
      await writeFile(join(folder, 'lock.json'), JSON.stringify(lock));
      await assert.rejects(SweepLock.take(folder), refused('busy', /is working on/));
      const old = new Date(Date.now() - 60_000);
      await utimes(join(folder, 'lock.json'), old, old);
      const taken = await SweepLock.take(folder); // it has given no sign for a minute
      await taken.release();
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('is taken from a process that was killed, once its workers are gone', async () => {
    const folder = join(home, 'killed');
    await mkdir(folder);
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const worker = spawn('sleep', ['1']);
    const lock = { pid, workers: [worker.pid] };
    await writeFile(join(folder, 'lock.json'), JSON.stringify(lock));
    const taken = await SweepLock.take(folder);
    assert.equal(worker.exitCode, 0, 'it had ended');
    taken.addWorker(4242);
    await taken.release();
    await assert.rejects(readFile(join(folder, 'lock.json')), { code: 'ENOENT' });
  });

  it('is no obstacle when it is damaged', async () => {
    const folder = join(home, 'damaged');
    await mkdir(folder);
    for (const text of ['', '{', '{"pid":-1,"workers":[]}', 'null']) {
      await writeFile(join(folder, 'lock.json'), text);
      await (await SweepLock.take(folder)).release();
    }
  });
});

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fs, {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { type DistillError, RunError, UserError } from '../../src/errors.ts';
import {
  checkFolder,
  checkWritable,
  type FolderKind,
  restoreFolder,
  writeFileAtomically,
  writeFolderAtomically,
} from '../../src/storage/index.ts';

const KIND: FolderKind = { name: 'box', marker: 'box.json', contents: ['box.json', 'old', 'new'] };

/** Fills a box with its marker and one file. */
const box = (file: string) => async (place: string) => {
  await writeFile(join(place, KIND.marker), '');
  await writeFile(join(place, file), '');
};

const refused =
  (code: string, type: new (...args: never[]) => DistillError = UserError) =>
  (error: unknown) =>
    error instanceof type && error.code === code && error.hint !== undefined;

/** What the operating system answers when it cannot do `syscall`. */
const systemError = (code: string, syscall: string) =>
  Object.assign(new Error(`${code}: ${syscall}`), { code, syscall });

let folder: string;
let target: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distill-files-'));
  target = join(folder, 'box');
});
afterEach(async () => {
  mock.restoreAll();
  syncBuiltinESMExports();
  await rm(folder, { recursive: true });
});

/** Makes a call to `fs` fail where `when` says so. */
function failing(
  method: 'rename' | 'writeFile',
  when: (...args: string[]) => boolean,
  code: string,
) {
  const real = fs[method] as (...args: unknown[]) => Promise<void>;
  mock.method(fs, method, (async (...args: unknown[]) => {
    if (when(...args.map(String))) throw systemError(code, method);
    return real(...args);
  }) as never);
  syncBuiltinESMExports();
}

describe('files that appear whole', () => {
  it('replace what was there and leave nothing beside it', async () => {
    const deep = join(folder, 'deep', 'box');
    for (const file of ['old', 'new']) await writeFolderAtomically(deep, KIND, box(file));
    assert.deepEqual((await readdir(deep)).sort(), ['box.json', 'new']);
    await writeFileAtomically(join(deep, 'file'), 'x');
    await writeFileAtomically(join(deep, 'file'), 'y');
    assert.equal(await readFile(join(deep, 'file'), 'utf8'), 'y');
    assert.deepEqual(await readdir(join(folder, 'deep')), ['box']);
  });

  it('follow a symbolic link to what they replace', async () => {
    const link = join(folder, 'link');
    await writeFolderAtomically(target, KIND, box('old'));
    await symlink(target, link);
    await writeFolderAtomically(link, KIND, box('new'));
    assert.equal(await readlink(link), target);
    assert.deepEqual((await readdir(target)).sort(), ['box.json', 'new']);
  });

  it('are refused where nothing can be written, and leave nothing there', async () => {
    await writeFile(join(folder, 'file'), '');
    await mkdir(target);
    const below = join(folder, 'file', 'box'); // a file is no folder, not even for root
    for (const path of [below, join(folder, 'n'.repeat(300))]) {
      await assert.rejects(checkWritable(path), refused('unwritable'));
      await assert.rejects(checkFolder(path, KIND), refused('unwritable'));
      await assert.rejects(writeFileAtomically(path, ''), refused('unwritable'));
      await assert.rejects(writeFolderAtomically(path, KIND, box('new')), refused('unwritable'));
    }
    for (const path of [target, '/dev/null']) {
      await assert.rejects(writeFileAtomically(path, ''), refused('unwritable'));
    }
    assert.deepEqual((await readdir(folder)).sort(), ['box', 'file']);
  });
});

describe('a full disk', () => {
  const full = refused('unwritable', RunError);

  it('is reported, and neither costs the old content nor leaves a temporary', async () => {
    await writeFolderAtomically(target, KIND, box('old'));
    await writeFileAtomically(join(folder, 'file'), 'old');
    failing('writeFile', (path) => !path.endsWith(KIND.marker), 'ENOSPC');
    await assert.rejects(writeFolderAtomically(target, KIND, box('new')), full);
    await assert.rejects(writeFileAtomically(join(folder, 'file'), 'new'), full);
    await assert.rejects(checkFolder(target, KIND), full);
    assert.deepEqual((await readdir(folder)).sort(), ['box', 'file']);
    assert.deepEqual((await readdir(target)).sort(), ['box.json', 'old']);
    assert.equal(await readFile(join(folder, 'file'), 'utf8'), 'old');
  });

  it('at the last moment brings the old folder back', async () => {
    await writeFolderAtomically(target, KIND, box('old'));
    failing('rename', (from, to) => to === target && !from.endsWith('-old'), 'ENOSPC');
    await assert.rejects(writeFolderAtomically(target, KIND, box('new')), full);
    assert.deepEqual(await readdir(folder), ['box']);
    assert.deepEqual((await readdir(target)).sort(), ['box.json', 'old']);
  });

  it("does not hide another's error", async () => {
    await writeFolderAtomically(target, KIND, box('old'));
    const broken = writeFolderAtomically(target, KIND, async (temporary) => {
      await writeFile(join(temporary, 'new'), '');
      throw new RangeError('a bug');
    });
    await assert.rejects(broken, RangeError);
    assert.deepEqual(await readdir(folder), ['box']);
    assert.deepEqual((await readdir(target)).sort(), ['box.json', 'old']);
  });
});

describe('what a killed process left', () => {
  const DEAD = spawnSync(process.execPath, ['-e', '']).pid;
  const leave = async (name: string, file: string) => {
    await mkdir(join(folder, name));
    await box(file)(join(folder, name));
  };
  const names = async () => (await readdir(folder)).sort();

  // Whether the new folder was there whole, or the old one, before the kill; and what there is next.
  const BACKUP = `.box.writing-${DEAD}-0a1b-old`;
  const HALF = `.box.writing-${DEAD}-0a1b`;
  const states: [what: string, left: Record<string, string>, next: string | undefined][] = [
    ['before the first rename', { box: 'old', [HALF]: 'new' }, 'old'],
    ['between the renames', { [BACKUP]: 'old', [HALF]: 'new' }, 'old'],
    ['between the renames, the new one cleared away', { [BACKUP]: 'old' }, 'old'],
    ['after both', { box: 'new', [BACKUP]: 'old' }, 'new'],
    ['with no old folder', { [HALF]: 'new' }, undefined],
  ];
  for (const [what, left, next] of states) {
    for (const [who, look] of [
      ['a writer', () => checkFolder(target, KIND)],
      [
        'a failing writer',
        () => writeFolderAtomically(target, KIND, () => Promise.reject(1)).catch(() => {}),
      ],
    ] as const) {
      it(`${what} is put in order by ${who}`, async () => {
        for (const [name, file] of Object.entries(left)) await leave(name, file);
        await look();
        assert.deepEqual(await names(), next === undefined ? [] : ['box']);
        if (next) assert.deepEqual((await readdir(target)).sort(), ['box.json', next]);
      });
    }

    it(`${what} can be read`, async () => {
      for (const [name, file] of Object.entries(left)) await leave(name, file);
      await restoreFolder(target);
      assert.equal(existsSync(target), next !== undefined);
      if (next) assert.deepEqual((await readdir(target)).sort(), ['box.json', next]);
    });
  }

  it('is known by its own process id too, as it is always the same in a container', async () => {
    await leave(`.box.writing-${process.pid}-0a1b-old`, 'old');
    await restoreFolder(target);
    assert.deepEqual((await readdir(target)).sort(), ['box.json', 'old']);
  });

  it('is known although another process has the same id by now', async () => {
    const [alive, other] = [spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']), '1'];
    try {
      await leave(`.box.writing-${alive.pid}.${other}-0a1b-old`, 'old');
      await restoreFolder(target);
      const isTold = existsSync('/proc/self/stat');
      assert.equal(existsSync(target), isTold);
      if (isTold) assert.deepEqual((await readdir(target)).sort(), ['box.json', 'old']);
    } finally {
      alive.kill();
    }
  });

  it('is not what a process started at the time in its name is writing', async () => {
    const text = existsSync('/proc/self/stat')
      ? await readFile(`/proc/${process.ppid}/stat`, 'latin1')
      : '';
    const start = text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '7';
    const name = `.box.writing-${process.ppid}.${start}-0a1b-old`;
    await leave(name, 'old');
    await restoreFolder(target);
    assert.deepEqual(await names(), [name]);
  });

  it('is not what another process is writing', async () => {
    const others = [`.box.writing-${process.ppid}-0a1b`, `.box.writing-${process.ppid}-0a1b-old`];
    for (const name of others) await leave(name, 'new');
    await restoreFolder(target);
    await writeFolderAtomically(target, KIND, async (temporary) => {
      await checkFolder(target, KIND); // nor what this one is
      await box('new')(temporary);
    });
    assert.deepEqual(await names(), [...others, 'box']);
  });
});

describe('a folder of something else', () => {
  const foreign = refused('foreign-folder');
  const cases: [what: string, contents: readonly string[] | undefined][] = [
    ['a plain file', undefined],
    ['no marker', ['notes.txt']],
    ['no marker, but names of ours', ['new']],
    ['a marker and another file', ['box.json', 'new', 'notes.txt']],
  ];
  for (const [what, contents] of cases) {
    it(`is not replaced: ${what}`, async () => {
      if (contents) await mkdir(target);
      for (const name of contents ?? [''])
        await writeFile(join(target, name).replace(/\/$/, ''), 'mine');
      await assert.rejects(checkFolder(target, KIND), foreign);
      await assert.rejects(writeFolderAtomically(target, KIND, box('new')), foreign);
      assert.deepEqual(await readdir(folder), ['box']);
      for (const name of contents ?? ['']) {
        assert.equal(await readFile(join(target, name).replace(/\/$/, ''), 'utf8'), 'mine');
      }
    });
  }

  it('is not replaced: the working folder, though it is empty, and those above it', async () => {
    const before = process.cwd();
    await mkdir(join(target, 'below'), { recursive: true });
    try {
      process.chdir(join(target, 'below'));
      for (const path of ['.', '..', target, '/']) {
        await assert.rejects(checkFolder(path, KIND), foreign);
      }
    } finally {
      process.chdir(before);
    }
  });

  it('is replaced when it is empty, or a box', async () => {
    await mkdir(target);
    for (const file of ['old', 'new']) await writeFolderAtomically(target, KIND, box(file));
    assert.deepEqual((await readdir(target)).sort(), ['box.json', 'new']);
  });
});

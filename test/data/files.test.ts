import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { checkWritable, writeFileAtomically, writeFolderAtomically } from '../../src/data/index.ts';
import { UserError } from '../../src/errors.ts';

describe('files that appear whole', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-files-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('replace what was there and leave nothing beside it', async () => {
    const target = join(folder, 'deep', 'model');
    for (const content of ['one', 'two']) {
      await writeFolderAtomically(target, (temporary) =>
        writeFile(join(temporary, content), content),
      );
    }
    assert.deepEqual(await readdir(target), ['two']);
    await writeFileAtomically(join(target, 'file'), 'x');
    await writeFileAtomically(join(target, 'file'), 'y');
    assert.equal(await readFile(join(target, 'file'), 'utf8'), 'y');
    assert.deepEqual(await readdir(join(folder, 'deep')), ['model']);
  });

  it('keep the old content when writing fails', async () => {
    const target = join(folder, 'model');
    await writeFolderAtomically(target, (temporary) => writeFile(join(temporary, 'old'), ''));
    const failing = writeFolderAtomically(target, async (temporary) => {
      await writeFile(join(temporary, 'half'), '');
      throw new Error('disk full');
    });
    await assert.rejects(failing, /disk full/);
    assert.deepEqual(await readdir(target), ['old']);
    assert.deepEqual(await readdir(folder), ['model']);
  });

  it('clear away what a killed process left, and only that', async () => {
    const dead = join(folder, '.model.writing-999999999-abc');
    const alive = join(folder, `.model.writing-${process.ppid}-abc`);
    await mkdir(dead);
    await mkdir(alive);
    await writeFolderAtomically(join(folder, 'model'), async () => {});
    assert.equal(existsSync(dead), false);
    assert.equal(existsSync(alive), true);
  });

  it('are refused in one line where nothing can be written', async () => {
    await writeFile(join(folder, 'file'), '');
    const below = join(folder, 'file', 'model'); // a file is no folder, not even for root
    const refused = (error: unknown) => error instanceof UserError && error.code === 'unwritable';
    await assert.rejects(checkWritable(below), refused);
    await assert.rejects(writeFileAtomically(below, ''), refused);
    await assert.rejects(
      writeFolderAtomically(below, async () => {}),
      refused,
    );
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { encodeIdx, parseIdx, readIdx } from '../../src/data/index.ts';
import { UserError } from '../../src/errors.ts';

const badData = (pattern: RegExp) => (error: unknown) =>
  error instanceof UserError && error.code === 'bad-data' && pattern.test(error.message);

describe('IDX files', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-idx-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('come back as they were written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
        (shape) => {
          const bytes = Uint8Array.from(
            { length: shape.reduce((a, b) => a * b, 1) },
            (_, i) => i % 256,
          );
          const { dimensions, bytes: back } = parseIdx(encodeIdx(bytes, shape), 'x');
          assert.deepEqual(dimensions, shape);
          assert.deepEqual([...back], [...bytes]);
        },
      ),
    );
  });

  it('are read gzipped or not', async () => {
    const idx = encodeIdx(Uint8Array.of(1, 2, 3, 4), [2, 2]);
    await writeFile(join(folder, 'plain'), idx);
    await writeFile(join(folder, 'packed.gz'), gzipSync(idx));
    const plain = await readIdx(join(folder, 'plain'));
    const packed = await readIdx(join(folder, 'packed.gz'));
    assert.deepEqual([...plain.bytes], [...packed.bytes]);
    await writeFile(join(folder, 'cut.gz'), gzipSync(idx).subarray(0, 12));
    await assert.rejects(readIdx(join(folder, 'cut.gz')), badData(/gzip stream is damaged/));
  });

  it('that unpack to more than they promise, or are followed by bytes, are refused', async () => {
    const promised = encodeIdx(new Uint8Array(4), [2, 2]);
    for (const [name, content, pattern] of [
      [
        'long',
        gzipSync(Buffer.concat([promised, new Uint8Array(2 ** 24)])),
        /more than the 16 bytes/,
      ],
      ['short', gzipSync(promised.subarray(0, -1)), /promises 2 x 2 = 4 values, the file holds 3/],
      ['followed', Buffer.concat([gzipSync(promised), Buffer.of(1, 2)]), /gzip stream is damaged/],
      ['padded', Buffer.concat([gzipSync(promised), Buffer.alloc(9)]), /other bytes follow/],
      ['cut', gzipSync(randomBytes(9000)).subarray(0, 6000), /magic number/],
      [
        'cut later',
        gzipSync(encodeIdx(randomBytes(9000), [9000])).subarray(0, 6000),
        /gzip stream is damaged/,
      ],
    ] as const) {
      await writeFile(join(folder, `${name}.gz`), content);
      await assert.rejects(readIdx(join(folder, `${name}.gz`)), badData(pattern), name);
    }
  });

  it('that are no regular files are refused at once', async () => {
    spawnSync('mkfifo', [join(folder, 'pipe')]);
    await symlink('loop', join(folder, 'loop'));
    for (const [name, pattern] of [
      ['pipe', /not a regular file/],
      ['loop', /go in a circle/],
      ['.', /not a regular file/],
      ['absent', /no such file/],
    ] as const) {
      await assert.rejects(readIdx(join(folder, name)), badData(pattern), name);
    }
    await assert.rejects(readIdx('/dev/zero'), badData(/not a regular file/));
  });

  it('that are wrong are refused, each in words of its own', () => {
    const good = encodeIdx(new Uint8Array(12), [3, 2, 2]);
    const changed = (at: number, value: number) => {
      const copy = Uint8Array.from(good);
      copy[at] = value;
      return copy;
    };
    assert.throws(() => parseIdx(new Uint8Array(3), 'x'), badData(/only 3 bytes/));
    assert.throws(() => parseIdx(changed(0, 7), 'x'), badData(/magic number is 0x07000803/));
    assert.throws(() => parseIdx(changed(2, 0x0d), 'x'), badData(/type 0xd/));
    assert.throws(
      () => parseIdx(changed(7, 9), 'x'),
      badData(/9 x 2 x 2 = 36 values, the file holds 12/),
    );
    assert.throws(() => parseIdx(changed(4, 0xff), 'x'), badData(/up to 2 GiB are read/));
    assert.throws(() => parseIdx(good.subarray(0, 10), 'x'), badData(/ends inside its header/));
    assert.throws(() => parseIdx(good.subarray(0, -1), 'x'), badData(/holds 11/));
  });

  it('of random bytes are read or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          parseIdx(bytes, 'fuzz');
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

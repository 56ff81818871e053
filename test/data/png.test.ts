import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { PNG } from 'pngjs';
import { readImage } from '../../src/data/index.ts';
import { UserError } from '../../src/errors.ts';

type Color = readonly [number, number, number, number];
const WHITE: Color = [255, 255, 255, 255];
const BLACK: Color = [0, 0, 0, 255];
const CLEAR: Color = [0, 0, 0, 0];

describe('readImage', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-image-'));
  });
  after(() => rm(folder, { recursive: true }));

  /** A picture with a stroke down its middle fifth. */
  async function stroke(height: number, width: number, ground: Color, ink: Color): Promise<string> {
    const png = new PNG({ height, width });
    for (let i = 0; i < height * width; i++) {
      const x = (i % width) / width;
      png.data.set(x >= 0.4 && x < 0.6 ? ink : ground, 4 * i);
    }
    const path = join(folder, `${height}x${width}-${ground}-${ink}.png`);
    await writeFile(path, PNG.sync.write(png));
    return path;
  }

  it('takes a picture of the right kind as it is', async () => {
    const { pixels, changes } = await readImage(await stroke(10, 10, BLACK, WHITE), [10, 10]);
    assert.deepEqual(changes, []);
    assert.deepEqual([...pixels.subarray(0, 10)], [0, 0, 0, 0, 255, 255, 0, 0, 0, 0]);
  });

  it('makes the same picture of every size, color order and transparency', async () => {
    const { pixels: expected } = await readImage(await stroke(10, 10, BLACK, WHITE), [10, 10]);
    const variants: [string, RegExp][] = [
      [await stroke(10, 10, WHITE, BLACK), /inverted/],
      [await stroke(40, 40, BLACK, WHITE), /scaled from 40 x 40 to 10 x 10/],
      [await stroke(10, 10, CLEAR, BLACK), /put on white/],
      [await stroke(10, 10, CLEAR, WHITE), /put on black/],
    ];
    for (const [path, change] of variants) {
      const { pixels, changes } = await readImage(path, [10, 10]);
      assert.deepEqual([...pixels], [...expected], path);
      assert.match(changes.join(', '), change);
    }
  });

  it('turns colors to luminance and keeps the form of what is not square', async () => {
    const red = await readImage(await stroke(10, 10, BLACK, [255, 0, 0, 255]), [10, 10]);
    assert.equal(red.pixels[4], Math.round(0.299 * 255));
    assert.match(red.changes.join(), /grayscale/);
    const tall = await readImage(await stroke(20, 10, BLACK, WHITE), [10, 10]);
    assert.match(tall.changes.join(), /padded to 20 x 20/);
    assert.deepEqual([...tall.pixels.subarray(0, 10)], [0, 0, 0, 0, 128, 128, 0, 0, 0, 0]);
  });

  it('keeps the mean brightness when it scales', async () => {
    const { pixels } = await readImage(await stroke(33, 33, BLACK, WHITE), [28, 28]);
    const columns = [...Array(33).keys()].filter((x) => x / 33 >= 0.4 && x / 33 < 0.6).length;
    const mean = pixels.reduce((a, b) => a + b, 0) / pixels.length;
    assert.ok(Math.abs(mean - (255 * columns) / 33) < 1);
  });

  it('refuses what is no PNG, in one line', async () => {
    const refused = async (content: Uint8Array, pattern: RegExp) => {
      const path = join(folder, 'bad.png');
      await writeFile(path, content);
      await assert.rejects(readImage(path, [28, 28]), (error: unknown) => {
        assert.ok(error instanceof UserError && error.code === 'bad-image');
        assert.match(error.message, pattern);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    };
    await refused(Buffer.from('GIF89a'), /does not begin like one/);
    const png = PNG.sync.write(new PNG({ width: 4, height: 4 }));
    await refused(png.subarray(0, 40), /not a PNG image/);
    const huge = Buffer.from(png);
    huge.writeUInt32BE(0x7fffffff, 16);
    await refused(huge, /too many/);
    await assert.rejects(readImage(join(folder, 'absent.png'), [28, 28]), /no such file/);
  });

  it('survives any damage to a PNG', async () => {
    const good = PNG.sync.write(new PNG({ width: 8, height: 8 }));
    const path = join(folder, 'fuzz.png');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const bad = Buffer.from(good);
          bad[at] ^= flip;
          await writeFile(path, bad);
          await readImage(path, [28, 28]).catch((error) =>
            assert.ok(error instanceof UserError, String(error)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

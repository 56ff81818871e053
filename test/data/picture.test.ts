import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { PNG } from 'pngjs';
import sharp from 'sharp';
import { readImage } from '../../src/data/index.ts';
import { UserError } from '../../src/errors.ts';
import { pngOf } from './png-bytes.ts';

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
    const { pixels, changes } = await readImage(await stroke(10, 10, BLACK, WHITE), [10, 10, 1]);
    assert.deepEqual(changes, []);
    assert.deepEqual([...pixels.subarray(0, 10)], [0, 0, 0, 0, 255, 255, 0, 0, 0, 0]);
  });

  it('makes the same picture of every size, color order and transparency', async () => {
    const { pixels: expected } = await readImage(await stroke(10, 10, BLACK, WHITE), [10, 10, 1]);
    const variants: [string, RegExp][] = [
      [await stroke(10, 10, WHITE, BLACK), /inverted/],
      [await stroke(40, 40, BLACK, WHITE), /scaled from 40 x 40 to 10 x 10/],
      [await stroke(10, 10, CLEAR, BLACK), /put on white/],
      [await stroke(10, 10, CLEAR, WHITE), /put on black/],
    ];
    for (const [path, change] of variants) {
      const { pixels, changes } = await readImage(path, [10, 10, 1]);
      assert.deepEqual([...pixels], [...expected], path);
      assert.match(changes.join(', '), change);
    }
  });

  it('turns colors to luminance and keeps the form of what is not square', async () => {
    const red = await readImage(await stroke(10, 10, BLACK, [255, 0, 0, 255]), [10, 10, 1]);
    assert.equal(red.pixels[4], Math.round(0.299 * 255));
    assert.match(red.changes.join(), /grayscale/);
    const tall = await readImage(await stroke(20, 10, BLACK, WHITE), [10, 10, 1]);
    assert.match(tall.changes.join(), /padded to 20 x 20/);
    assert.deepEqual([...tall.pixels.subarray(0, 10)], [0, 0, 0, 0, 128, 128, 0, 0, 0, 0]);
  });

  it('keeps the mean brightness when it scales', async () => {
    const { pixels } = await readImage(await stroke(33, 33, BLACK, WHITE), [28, 28, 1]);
    const columns = [...Array(33).keys()].filter((x) => x / 33 >= 0.4 && x / 33 < 0.6).length;
    const mean = pixels.reduce((a, b) => a + b, 0) / pixels.length;
    assert.ok(Math.abs(mean - (255 * columns) / 33) < 1);
  });

  const saved = async (content: Uint8Array, name = 'some.png') => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  const refusal = (pattern: RegExp) => (error: unknown) => {
    assert.ok(error instanceof UserError && error.code === 'bad-image', String(error));
    assert.match(error.message, /is not a PNG, JPEG or WebP picture: /);
    assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n|vips|png:|sharp/);
    return true;
  };

  it('refuses what is no picture or damaged, in one line of its own words', async () => {
    const rows = deflateSync(Buffer.alloc(9 * 8));
    const good = pngOf({ width: 8, height: 8 }, rows);
    const idat = good.indexOf('IDAT');
    const badCrc = Buffer.from(good);
    badCrc[idat + 5] ^= 1;
    const cases: [Uint8Array, RegExp][] = [
      [Buffer.from('GIF89a'), /does not begin like one/],
      [Buffer.alloc(0), /does not begin like one/],
      [good.subarray(0, 30), /header is damaged/],
      [good.subarray(0, idat + 10), /damaged/],
      [badCrc, /damaged/],
      [pngOf({ width: 8, height: 8 }, Buffer.alloc(0)), /damaged/],
      [pngOf({ width: 8, height: 8 }, Buffer.from('garbage, garbage')), /damaged/],
      [pngOf({ width: 8, height: 8 }, deflateSync(Buffer.alloc(9 * 4))), /damaged/],
      [pngOf({ width: 0, height: 8 }, rows), /header is damaged/],
      [pngOf({ width: 8, height: 0 }, rows), /header is damaged/],
      [
        await sharp(good)
          .resize(64, 64)
          .jpeg()
          .toBuffer()
          .then((b) => b.subarray(0, -40)),
        /damaged/,
      ],
      [
        await sharp(good)
          .resize(64, 64)
          .webp()
          .toBuffer()
          .then((b) => b.subarray(0, -9)),
        /damaged/,
      ],
    ];
    for (const [content, pattern] of cases) {
      await assert.rejects(readImage(await saved(content), [28, 28, 1]), refusal(pattern));
    }
    const absent = readImage(join(folder, 'absent.png'), [28, 28, 1]);
    await assert.rejects(absent, refusal(/no such file/));
  });

  it('refuses what is no regular file at once', async () => {
    spawnSync('mkfifo', [join(folder, 'pipe.png')]);
    await symlink('loop.png', join(folder, 'loop.png'));
    for (const path of [join(folder, 'pipe.png'), join(folder, 'loop.png'), folder, '/dev/zero']) {
      const pattern = /not a regular file|go in a circle/;
      await assert.rejects(readImage(path, [28, 28, 1]), refusal(pattern), path);
    }
  });

  it('of too many pixels is refused, and the largest within the limits costs little', async () => {
    const cost = process.cpuUsage();
    for (const [width, height] of [
      [67_108_864, 1],
      [20_000, 1],
      [1, 20_000],
      [16_000, 16_000],
      [0x7fffffff, 0x7fffffff],
    ]) {
      const bomb = pngOf({ width, height }, deflateSync(Buffer.alloc(2 ** 20)));
      const read = readImage(await saved(bomb), [28, 28, 1]);
      await assert.rejects(read, refusal(/too many|more than 67108864 pixels|header is damaged/));
    }
    const [side, bytes] = [8192, 8]; // 16 bits, color and transparency, interlaced
    const rows = Buffer.alloc(bytes * side * side + 3 * side);
    const bomb = pngOf(
      { width: side, height: side, depth: 16, type: 6, interlace: 1 },
      deflateSync(rows),
    );
    const { pixels, changes } = await readImage(await saved(bomb), [28, 28, 1]);
    assert.equal(pixels.length, 784);
    assert.match(changes.join(), /nothing is to be seen/);
    const { user, system } = process.cpuUsage(cost);
    assert.ok((user + system) / 1e6 < 10, `${(user + system) / 1e6} s`);
    assert.ok(process.resourceUsage().maxRSS < 2 ** 20, `${process.resourceUsage().maxRSS} KiB`);
  });

  it('reads pictures as what they are, whatever their names say', async () => {
    const path = await stroke(28, 28, BLACK, WHITE);
    const expected = (await readImage(path, [28, 28, 1])).pixels;
    for (const content of [
      await sharp(path).webp({ lossless: true }).toBuffer(),
      await sharp(path).jpeg({ quality: 100 }).toBuffer(),
      await sharp(path).png({ palette: true }).toBuffer(),
      await sharp(path).toColourspace('rgb16').png().toBuffer(),
    ]) {
      const { pixels } = await readImage(await saved(content), [28, 28, 1]);
      const furthest = Math.max(...pixels.map((value, i) => Math.abs(value - expected[i])));
      assert.ok(furthest <= 2, `${furthest}`);
    }
  });

  it('says when there is nothing to see', async () => {
    const note = /nothing is to be seen/;
    const flat = await readImage(await stroke(10, 10, BLACK, [3, 3, 3, 255]), [10, 10, 1]);
    assert.match(flat.changes.join(), note);
    const clear = await readImage(await stroke(10, 10, CLEAR, CLEAR), [10, 10, 1]);
    assert.match(clear.changes.join(), note);
    const seen = await readImage(await stroke(10, 10, BLACK, WHITE), [10, 10, 1]);
    assert.doesNotMatch(seen.changes.join(), note);
  });

  it('makes a picture for a color network: its middle, not inverted', async () => {
    const path = await stroke(10, 10, WHITE, [255, 0, 0, 255]);
    const { pixels, changes } = await readImage(path, [10, 10, 3]);
    assert.deepEqual(changes, []);
    assert.deepEqual([...pixels.subarray(9, 18)], [255, 255, 255, 255, 0, 0, 255, 0, 0]);
    const wide = await readImage(await stroke(20, 40, CLEAR, BLACK), [10, 10, 3]);
    assert.equal(wide.pixels.length, 300);
    assert.match(wide.changes.join(), /cropped to its middle.*20 x 40 to 10 x 10.*put on white/);
    await assert.rejects(readImage(path, [10, 10, 4]), /no image of 10 x 10 x 4/);
  });

  it('turns a picture upright as its camera says', async () => {
    const upright = await stroke(10, 20, BLACK, WHITE);
    const content = await sharp(upright).rotate(90).withMetadata({ orientation: 8 }).toBuffer();
    const path = await saved(content);
    for (const channels of [1, 3]) {
      const expected = await readImage(upright, [10, 20, channels]);
      const { pixels, changes } = await readImage(path, [10, 20, channels]);
      assert.deepEqual(pixels, expected.pixels);
      assert.deepEqual(changes, ['turned upright, as its camera says']);
    }
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
          await readImage(path, [28, 28, 1]).catch((error) =>
            assert.ok(error instanceof UserError, String(error)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

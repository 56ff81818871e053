import assert from 'node:assert/strict';
import fs, { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { PNG } from 'pngjs';
import { RunError } from '../../src/errors.ts';
import { maskedCrc32c } from '../../src/savedmodel/crc32c.ts';
import { EventSchema } from '../../src/savedmodel/index.ts';
import { EventWriter } from '../../src/training/tensorboard.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'events-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function readEvents(path: string) {
  const bytes = readFileSync(path);
  const events = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    assert.equal(bytes.readUInt32LE(at + 8), maskedCrc32c(bytes.subarray(at, at + 8)));
    assert.equal(bytes.readUInt32LE(at + 12 + length), maskedCrc32c(data));
    events.push(fromBinary(EventSchema, data));
    at += 16 + length;
  }
  return events;
}

test('scalars and images are framed, in order, and on disk at once', () => {
  const writer = new EventWriter(join(folder, 'run'));
  writer.scalar('loss', 0.5, 3);
  assert.equal(readEvents(writer.path).length, 2, 'before the file is closed');
  const pixels = Float32Array.of(0, 0.5, 1, 2, -1, 0.25);
  writer.image('digit', { shape: [2, 3, 1], pixels }, 4);
  writer.close();

  const [version, loss, digit] = readEvents(writer.path);
  assert.deepEqual(version.what, { case: 'fileVersion', value: 'brain.Event:2' });
  assert.equal(loss.step, 3n);
  assert.ok(loss.what.case === 'summary' && digit.what.case === 'summary');
  assert.equal(loss.what.value.value[0].tag, 'loss');
  assert.deepEqual(loss.what.value.value[0].value, { case: 'simpleValue', value: 0.5 });
  const picture = digit.what.value.value[0].value;
  assert.ok(picture.case === 'image');
  assert.deepEqual(
    [picture.value.height, picture.value.width, picture.value.colorspace],
    [2, 3, 1],
  );
  const png = PNG.sync.read(Buffer.from(picture.value.encodedImageString));
  const gray = Array.from({ length: 6 }, (_, i) => png.data[4 * i]);
  assert.deepEqual(gray, [0, 128, 255, 255, 0, 64]);
});

test('a folder that cannot be made is a run-time error; a picture that is none is refused', () => {
  writeFileSync(join(folder, 'file'), '');
  assert.throws(() => new EventWriter(join(folder, 'file')), RunError);
  const writer = new EventWriter(folder);
  const pixels = new Float32Array(3);
  assert.throws(() => writer.image('x', { shape: [2, 2, 1], pixels }, 0), RangeError);
  writer.close();
});

test('a full disk is a run-time error that says what to do', () => {
  const writer = new EventWriter(folder);
  mock.method(fs, 'writeFileSync', () => {
    throw Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC', syscall: 'write' });
  });
  syncBuiltinESMExports();
  try {
    assert.throws(
      () => writer.scalar('loss', 1, 1),
      (error) => error instanceof RunError && /free some space/.test(error.hint ?? ''),
    );
  } finally {
    mock.restoreAll();
    syncBuiltinESMExports();
    writer.close();
  }
});

/**
 * A seeded fuzzer of everything that reads a model. Each mutant of a sound file must be read or
 * refused with a typed error of one line; anything else is a fault.
 *
 *     npm run fuzz:formats -- 15000 7     # count, seed
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '../../src/engine/index.ts';
import { DistillError } from '../../src/errors.ts';
import { importOnnx } from '../../src/models/import/onnx.ts';
import { importSavedModel } from '../../src/models/import/saved-model.ts';
import { importTfjs } from '../../src/models/import/tfjs.ts';
import { exportNetwork } from '../../src/models/index.ts';
import { loadNetwork, saveNetwork } from '../../src/models/saved-network.ts';
import { maskedCrc32c } from '../../src/savedmodel/crc32c.ts';
import { decodeTable, encodeTable } from '../../src/savedmodel/table.ts';
import { randomWeights, richNetwork } from '../models/rich-network.ts';

const MAX_SECONDS = 5;

type Mutate = (bytes: Buffer, stream: RandomStream) => Buffer;

const pick = <T>(items: readonly T[], stream: RandomStream): T =>
  items[stream.integer(items.length)];

const HUGE = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);

const MUTATIONS: readonly Mutate[] = [
  function flipBits(bytes, stream) {
    const copy = Buffer.from(bytes);
    for (let i = 0; i <= stream.integer(4); i++) {
      copy[stream.integer(copy.length)] ^= 1 << stream.integer(8);
    }
    return copy;
  },
  function setBytes(bytes, stream) {
    const copy = Buffer.from(bytes);
    const start = stream.integer(copy.length);
    const end = Math.min(copy.length, start + 1 + stream.integer(8));
    return copy.fill(pick([0, 0x7f, 0x80, 0xff], stream), start, end);
  },
  function writeHugeLength(bytes, stream) {
    const copy = Buffer.from(bytes);
    HUGE.copy(copy, stream.integer(copy.length), 0, 1 + stream.integer(HUGE.length));
    return copy;
  },
  function truncate(bytes, stream) {
    return bytes.subarray(0, stream.integer(bytes.length));
  },
  function cutOut(bytes, stream) {
    const start = stream.integer(bytes.length);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + stream.integer(40))]);
  },
  function repeatPart(bytes, stream) {
    const start = stream.integer(bytes.length);
    const part = bytes.subarray(start, start + stream.integer(200));
    return Buffer.concat([bytes.subarray(0, start), part, bytes.subarray(start)]);
  },
  function swapDigits(bytes, stream) {
    const copy = Buffer.from(bytes);
    const at = Array.from(copy.keys()).filter((i) => copy[i] >= 0x30 && copy[i] <= 0x39);
    if (at.length > 0) copy[pick(at, stream)] = 0x30 + stream.integer(10);
    return copy;
  },
];

const mutate: Mutate = (bytes, stream) => pick(MUTATIONS, stream)(bytes, stream);

/** A varint at a position, and where it ends. */
function varint(bytes: Buffer, at: number): [number, number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80 || shift > 42) return [value, at];
  }
}

/** Makes the checksum of the first block of a table right again, so that damage gets past it. */
function reseal(bytes: Buffer): Buffer {
  const footer = bytes.length - 48;
  if (footer < 0) return bytes;
  let at = footer;
  for (let block = 0; block < 2; block++) {
    const [offset, middle] = varint(bytes, at);
    const [size, end] = varint(bytes, middle);
    if (offset + size + 5 <= footer) {
      const crc = maskedCrc32c(bytes.subarray(offset, offset + size + 1));
      bytes.writeUInt32LE(crc, offset + size + 1);
      if (block === 0) {
        const first = maskedCrc32c(bytes.subarray(0, offset - 4));
        if (offset >= 4) bytes.writeUInt32LE(first, offset - 4);
      }
    }
    at = end;
  }
  return bytes;
}

/** Damages a table below its checksums: in the raw blocks, or in one value or key. */
const mutateTable: Mutate = (bytes, stream) => {
  if (stream.integer(2) === 0) return reseal(Buffer.from(mutate(bytes, stream)));
  const entries = decodeTable(bytes, 'sound');
  const chosen = stream.integer(entries.length);
  const damaged = entries.map((entry, i) => {
    if (i !== chosen) return entry;
    if (stream.integer(4) === 0) return { ...entry, key: `../${entry.key}` };
    const value = Buffer.from(entry.value);
    return { ...entry, value: value.length > 0 ? mutate(value, stream) : HUGE };
  });
  return Buffer.from(encodeTable(damaged));
};

interface Target {
  readonly file: string;
  readonly mutate: Mutate;
  readonly read: (folder: string) => unknown;
}

const WEIGHTS = randomWeights(richNetwork);

/** Checksums guard the weights: what is read is what was written. */
const readWeights = async (folder: string) => {
  assert.deepEqual(await loadNetwork(folder, richNetwork), WEIGHTS);
  importSavedModel(folder, {});
};

const TARGETS: readonly Target[] = [
  { file: 'saved_model.pb', mutate, read: (folder) => importSavedModel(folder, {}) },
  { file: 'variables/variables.index', mutate, read: readWeights },
  { file: 'variables/variables.index', mutate: mutateTable, read: readWeights },
  { file: 'variables/variables.data-00000-of-00001', mutate, read: readWeights },
  { file: 'model.onnx', mutate, read: (folder) => importOnnx(join(folder, 'model.onnx'), {}) },
  {
    file: 'tfjs/model.json',
    mutate,
    read: (folder) => importTfjs(join(folder, 'tfjs/model.json'), {}),
  },
];

export interface FuzzReport {
  readonly read: number;
  readonly refused: number;
  readonly faults: readonly string[];
  /** The slowest mutant, in seconds. */
  readonly slowest: number;
}

/** Reads `count` mutants; equal seeds give equal mutants. */
export async function fuzzFormats(count: number, seed: number): Promise<FuzzReport> {
  const root = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const sound = join(root, 'sound');
  mkdirSync(sound);
  await saveNetwork(sound, richNetwork, WEIGHTS);
  await exportNetwork('onnx', join(sound, 'model.onnx'), richNetwork, WEIGHTS);
  await exportNetwork('tfjs', join(sound, 'tfjs'), richNetwork, WEIGHTS);
  const folder = join(root, 'mutant');
  cpSync(sound, folder, { recursive: true });

  let read = 0;
  let refused = 0;
  let slowest = 0;
  const faults: string[] = [];
  for (let i = 0; i < count; i++) {
    const stream = new RandomStream(seed, `mutant ${i}`);
    const target = TARGETS[i % TARGETS.length];
    const original = readFileSync(join(sound, target.file));
    writeFileSync(join(folder, target.file), target.mutate(original, stream));
    const start = performance.now();
    try {
      await target.read(folder);
      read++;
    } catch (error) {
      if (error instanceof DistillError && !/[\n\r]/.test(error.message)) refused++;
      else faults.push(`mutant ${i} of ${target.file}: ${(error as Error)?.stack ?? error}`);
    }
    const seconds = (performance.now() - start) / 1000;
    slowest = Math.max(slowest, seconds);
    if (seconds > MAX_SECONDS) faults.push(`mutant ${i} of ${target.file} took ${seconds} s`);
    writeFileSync(join(folder, target.file), original);
  }
  rmSync(root, { recursive: true });
  return { read, refused, faults, slowest };
}

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../src/errors.ts';
import { type Checkpoint, CheckpointFile } from '../../src/training/checkpoint.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/training/safetensors.ts';

const ENGINE = { name: 'native', instructionSet: 'avx2' };
const DIGEST = 'a'.repeat(64);

const checkpoint: Checkpoint = {
  cursor: { phase: 0, epoch: 1, step: 14, lossSum: 0.1 + 0.2, correct: 9, seen: 10 },
  history: [
    { epoch: 1, loss: 1 / 3, trainAccuracy: 0.5, validationAccuracy: 0.6, learningRate: 1e-3 },
  ],
  tensors: new Map([
    ['weight/conv1/kernel', Float32Array.of(1, -0, 3)],
    ['weight/conv1/bias', Float32Array.of(4)],
    ['optimizer/0/m/0', Float32Array.of(0.5, 0.25, 0.125)],
  ]),
};
const lengths = new Map([
  ['weight/conv1/kernel', 3],
  ['weight/conv1/bias', 1],
]);

describe('a checkpoint', () => {
  let folder: string;
  let file: CheckpointFile;
  let whole: Buffer;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-checkpoint-'));
    file = new CheckpointFile(`${folder}/model/`, DIGEST, ENGINE);
    await file.write(checkpoint);
    whole = await readFile(file.path);
  });
  after(() => rm(folder, { recursive: true }));

  const refused = (code: string, pattern: RegExp) => (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    assert.match(error.hint ?? '', /start over without resuming/);
    return true;
  };

  it('comes back as it was written', async () => {
    await writeFile(file.path, whole);
    assert.deepEqual(await file.read('always', lengths), checkpoint);
    assert.equal(await file.read('never', lengths), undefined);
  });

  it('is refused with any one bit flipped', async () => {
    const property = fc.asyncProperty(fc.nat({ max: 8 * whole.length - 1 }), async (bit) => {
      const bytes = Buffer.from(whole);
      bytes[bit >> 3] ^= 1 << (bit & 7);
      await writeFile(file.path, bytes);
      await assert.rejects(file.read('always', lengths), (error) => error instanceof UserError);
      assert.equal(await file.read('matching', lengths), undefined);
    });
    await fc.assert(property, { numRuns: 500 });
  });

  it('is refused without its tensors, with others, and with swapped ones', async () => {
    const { metadata } = decodeSafetensors(whole);
    const [first, second, third] = [...checkpoint.tensors];
    const swapped: [string, Float32Array][] = [[first[0], third[1]], second, [third[0], first[1]]];
    for (const tensors of [
      [],
      [first, second],
      [...checkpoint.tensors, ['x', second[1]]],
      swapped,
    ]) {
      const entries = tensors as [string, Float32Array][];
      await writeFile(file.path, encodeSafetensors({ tensors: new Map(entries), metadata }));
      await assert.rejects(
        file.read('always', lengths),
        refused('bad-checkpoint', /its contents are not those that were saved/),
      );
    }
  });

  it('is refused when it is not of this network', async () => {
    await writeFile(file.path, whole);
    for (const [name, length] of [
      ['weight/conv1/bias', 2],
      ['weight/conv9/bias', 1],
    ] as const) {
      const other = new Map([...lengths, [name, length]]);
      const reading = file.read('always', other);
      await assert.rejects(
        reading,
        refused('bad-checkpoint', new RegExp(`its ${name} is not whole`)),
      );
    }
  });

  it('is refused when it is of another run or another engine', async () => {
    await writeFile(file.path, whole);
    const other = (digest: string, engine: typeof ENGINE) =>
      new CheckpointFile(`${folder}/model`, digest, engine).read('always', lengths);
    await assert.rejects(
      other('b'.repeat(64), ENGINE),
      refused('foreign-checkpoint', /other settings, data or soft labels/),
    );
    await assert.rejects(
      other(DIGEST, { name: 'wasm', instructionSet: 'wasm' }),
      refused('foreign-checkpoint', /on the engine native \(avx2\), and wasm \(wasm\) rounds/),
    );
  });

  it('that cannot be read is a mistake of the user, not a bug', async () => {
    await rm(file.path);
    assert.equal(await file.read('always', lengths), undefined);
    await mkdir(file.path);
    await assert.rejects(
      file.read('always', lengths),
      refused('bad-checkpoint', /not a regular file/),
    );
    await rm(file.path, { recursive: true });
  });
});

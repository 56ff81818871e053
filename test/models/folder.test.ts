/** A model folder of which any file was changed, cut, extended or lost is refused. */
import assert from 'node:assert/strict';
import { appendFile, cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { RandomStream } from '../../src/engine/index.ts';
import { UserError } from '../../src/errors.ts';
import { buildNetwork, initialWeights, readModel, saveModel } from '../../src/models/index.ts';

const FILES = [
  'saved_model.pb',
  'variables/variables.index',
  'variables/variables.data-00000-of-00001',
];

/** Changes one bit, at a place that depends on the round. */
async function flipBit(path: string, round: number): Promise<void> {
  const bytes = await readFile(path);
  const at = new RandomStream(round, path.slice(-20)).integer(bytes.length);
  bytes[at] ^= 1 << (round % 8);
  await writeFile(path, bytes);
}

describe('a model folder', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-folder-'));
    const network = buildNetwork('dense', [6, 6, 1], 3);
    const weights = initialWeights(network, 1, new RandomStream(1, 'test'));
    await saveModel(join(folder, 'model'), network, 1, weights, {
      program: 'distill',
      role: 'baseline',
      inputsDigest: '0'.repeat(64),
      settings: {},
      engine: { name: 'test', instructionSet: 'any' },
      history: [],
    });
  });
  after(() => rm(folder, { recursive: true }));

  const refused = async (file: string, change: (path: string) => Promise<void>) => {
    const copy = join(folder, 'copy');
    await rm(copy, { recursive: true, force: true });
    await cp(join(folder, 'model'), copy, { recursive: true });
    await readModel(copy);
    await change(join(copy, file));
    await assert.rejects(readModel(copy), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  };

  for (const file of FILES) {
    it(`without ${file} is refused`, () => refused(file, (path) => rm(path)));
    it(`with ${file} cut short is refused`, () =>
      refused(file, async (path) => truncate(path, (await readFile(path)).length - 1)));
    it(`with bytes after ${file} is refused`, () => refused(file, (path) => appendFile(path, 'x')));
    it(`with any bit of ${file} changed is refused`, async () => {
      for (let round = 0; round < 25; round++) {
        await refused(file, (path) => flipBit(path, round));
      }
    });
  }
});

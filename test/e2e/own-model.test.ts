/** The tutorial on one's own model, command by command. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { exportNetwork, readModel } from '../../src/models/index.ts';
import { distill } from './distill.ts';

const TUTORIAL = await readFile('docs/tutorial-own-model.md', 'utf8');

/** The commands of the tutorial with the exit code that each ends with. */
const COMMANDS = [...TUTORIAL.matchAll(/^```sh(?: expect=(\d))?\n([^`]*)^```/gm)].flatMap(
  ([, code = '0', lines]) =>
    lines
      .trim()
      .split('\n')
      .map((line) => ({ args: line.split(' ').slice(1), code: Number(code) })),
);

/** Writes the tutorial's model files: of a small model, retrained for pixels from 0 to 255. */
async function makeModels(folder: string): Promise<void> {
  const args = ['--train-size', '2200', '--epochs', '2', '--out', 'trained', '--quiet'];
  const trained = await distill(folder, ['train-teacher', '--temperature', '1', ...args]);
  assert.equal(trained.code, 0, trained.stderr);
  const { network, weights } = await readModel(join(folder, 'trained'));
  const [first] = network.layers;
  // A first convolution with a smaller kernel gives the same for larger pixels.
  const shrunk = weights.map(({ spec, values }) => {
    const factor = spec.name === `${first.name}/kernel` ? 1 / 255 : 1;
    return { spec, values: values.map((value) => value * factor) };
  });
  await exportNetwork('keras', join(folder, 'digits.keras'), network, shrunk);
  await exportNetwork('onnx', join(folder, 'digits.onnx'), network, shrunk);
}

describe('the tutorial on your own model', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-own-'));
    await makeModels(folder);
  });
  after(() => rm(folder, { recursive: true }));

  it('has commands', () => assert.ok(COMMANDS.length >= 7, `${COMMANDS.length}`));

  for (const { args, code } of COMMANDS) {
    it(`distill ${args.join(' ')}`, async () => {
      const done = await distill(folder, args);
      assert.equal(done.code, code, done.stderr);
      if (code === 0 && args[0] === 'check') assert.match(done.stdout, /\npage: \S+index\.html\n$/);
      if (code === 2) {
        assert.match(done.stderr, /error: with pixels from 0 to 1 .* % with 0 to 255\n/);
        assert.match(done.stderr, /hint: import it with --input-range 0,255, or .* auto/);
      }
    });
  }

  it('ends in pages of the imported models, whose range is checked', async () => {
    for (const [report, name] of [
      ['check', 'digits'],
      ['digits', 'digits'],
      ['torch', 'digits'],
    ]) {
      const at = (file: string) => readFile(join(folder, 'report', report, file), 'utf8');
      assert.match(await at('index.html'), /<html/);
      const record = JSON.parse(await at('evaluation.json'));
      assert.equal(record.models[0].name, name);
      assert.equal(record.models[0].pixelRange, 'tried');
      assert.ok(record.models[0].accuracy.rate > 0.7);
      assert.ok(!record.flags.some((flag: { code: string }) => flag.code === 'unchecked-range'));
    }
  });

  it('inspect gives the same facts as JSON', async () => {
    const { stdout } = await distill(folder, ['inspect', 'models/digits', '--json']);
    const { origin, classes, inputShape, parameters, layers } = JSON.parse(stdout);
    assert.deepEqual(origin, {
      source: 'digits.keras',
      format: 'keras',
      pixelRange: { scaling: '0 to 255', basis: 'tried' },
    });
    assert.deepEqual([classes, inputShape], [10, [28, 28, 1]]);
    const sum = layers.reduce(
      (all: number, layer: { parameters: number }) => all + layer.parameters,
      0,
    );
    assert.equal(sum, parameters);
    const foreign = await distill(folder, ['inspect', 'digits.keras']);
    assert.match(foreign.stdout, /pixel range +not known/);
    assert.match(foreign.stdout, /\nlogits +dense .* 10 /);
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { buildProgram } from '../../src/cli/program.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distill-config-'));
});
after(() => rm(folder, { recursive: true }));

/** What `--print-config` prints with this file and these arguments. */
async function inForce(yaml: string, ...args: string[]): Promise<string> {
  const file = join(folder, 'distill.yaml');
  await writeFile(file, yaml);
  let printed = '';
  mock.method(process.stdout, 'write', (text: string) => {
    printed += text;
    return true;
  });
  try {
    const argv = ['node', 'distill', 'evaluate', '--config', file, '--print-config', ...args];
    await buildProgram().parseAsync(argv);
    assert.fail('it went on');
  } catch (error) {
    if ((error as { code?: string }).code !== 'print-config') throw error;
  } finally {
    mock.reset();
  }
  return printed;
}

describe('--config', () => {
  it('sets options of a command, those for all first, and what is typed overrides both', async () => {
    const yaml =
      'all:\n  seed: 3\n  quiet: true\n  batch-size: 9\nevaluate:\n  eps: [0.1, 8/255]\n  seed: 4\n  samples: 7\n';
    const printed = await inForce(yaml, '--samples', '9');
    for (const line of ['seed: 4', 'quiet: true', 'samples: 9', '- 8/255', 'preset: quick']) {
      assert.match(printed, new RegExp(`^ +${line}$`, 'm'), line);
    }
    assert.equal(await inForce(printed), printed, 'what is printed is such a file');
    assert.match(await inForce(yaml, '--eps', '0.5'), /eps:\n +- "0.5"\n {2}\w/);
    assert.match(await inForce(''), /samples|preset: quick/);
  });

  it('reads commands, options and names in any letter case, and in the spelling of other commands', async () => {
    const printed = await inForce('Evaluate:\n  Preset: Standard\n  models: [a, b]\n  NORM: l2\n');
    for (const line of ['preset: standard', 'norm: L2', '- a']) {
      assert.match(printed, new RegExp(`^ +${line}$`, 'm'), line);
    }
  });

  it('refuses what it does not know, with the line', async () => {
    const refused: [string, RegExp][] = [
      ['evaluate:\n  preset: quick\n  sampels: 7\n', /line 3: evaluate has no option 'sampels'$/],
      ['all:\n  sampels: 7\n', /line 2: no command has the option 'sampels'$/],
      ['evaluate:\n  config: other.yaml\n', /line 2: evaluate has no option 'config'$/],
      ['evalaute:\n  samples: 7\n', /line 1: there is no command 'evalaute'$/],
      ['train-teacher:\n  epoch: 7\n', /line 2: train-teacher has no option 'epoch'$/],
      ['evaluate:\n  samples: 0\n', /line 2: samples takes an integer from 1 up, not "0"$/],
      ['evaluate:\n  preset: huge\n', /line 2: preset takes one of quick, standard, paper$/],
      ['evaluate:\n  samples: [1, 2]\n', /line 2: samples takes one value, not 2$/],
      ['evaluate:\n  eps: [{}]\n', /line 2: eps takes a text or a number, not \{\}$/],
      ['evaluate:\n  quiet: 1\n', /line 2: quiet takes true or false, not 1$/],
      ['evaluate: 5\n', /line 1: a mapping of options to values expected$/],
      ['evaluate:\n  a: 1\n  a: 2\n', /line 3: Map keys must be unique/],
      ['a: [\n', /line [12]: Flow sequence/],
    ];
    for (const [yaml, message] of refused) {
      await assert.rejects(inForce(yaml), { code: 'bad-config', message }, yaml);
    }
    const argv = ['node', 'distill', 'doctor', '--config', join(folder, 'none.yaml')];
    await assert.rejects(buildProgram().parseAsync(argv), { code: 'no-config' });
  });

  it('sets an option that switches something off', async () => {
    const file = join(folder, 'off.yaml');
    await writeFile(file, 'train-teacher:\n  no-output-scaling: true\n');
    const program = buildProgram();
    const command = program.commands.find((one) => one.name() === 'train-teacher');
    mock.method(process.stdout, 'write', () => true);
    const argv = ['node', 'distill', 'train-teacher', '--config', file, '--print-config'];
    await assert.rejects(program.parseAsync(argv), { code: 'print-config' });
    mock.reset();
    assert.equal(command?.opts().outputScaling, false);
  });
});

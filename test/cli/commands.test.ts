/** What the commands promise in --help, without running them. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { type Command, Option } from 'commander';
import { defaultBudgets } from '../../src/cli/default-eps.ts';
import { optionHelp } from '../../src/cli/option-help.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { DEFAULT_EPS } from '../../src/library/index.ts';
import { DEFAULTS } from '../../src/training/index.ts';

const { commands } = buildProgram();
const flagsOf = (command: Command) => command.options.map(({ long }) => long as string);

/** Which command computes with a model, and which draws random numbers; all others do neither. */
const COMPUTES = ['predict', 'import', 'inspect', 'doctor'];
const DRAWS = [
  'run',
  'sweep',
  'reproduce',
  'train-teacher',
  'soft-labels',
  'train-student',
  'train-adversarial',
  'train-certified',
  'attack',
  'evaluate',
  'certify',
  'check',
];
/** What learns from training images, or from their soft labels. */
const LEARNS = [
  'run',
  'sweep',
  'reproduce',
  'train-teacher',
  'soft-labels',
  'train-student',
  'train-adversarial',
  'train-certified',
];

describe('the commands', () => {
  it('evaluate by default what the library evaluates', () => {
    const evaluate = commands.find((command) => command.name() === 'evaluate');
    assert.equal(evaluate?.opts().eps, undefined, 'it follows the norm');
    assert.deepEqual(defaultBudgets('Linf'), DEFAULT_EPS.map(String));
    assert.equal(evaluate?.opts().preset, 'quick');
    assert.equal(evaluate?.opts().norm, 'Linf');
    assert.equal(evaluate?.opts().seed, DEFAULTS.seed);
  });

  it('take the shared options where they act, and nowhere else', () => {
    for (const command of commands) {
      const name = command.name();
      const draws = DRAWS.includes(name);
      const computes = draws || COMPUTES.includes(name);
      const expected = {
        '--json': true,
        '--quiet': true,
        '--verbose': true,
        '--engine': computes,
        '--threads': computes || name === 'worker',
        '--seed': draws,
        '--train-size': LEARNS.includes(name),
      };
      const flags = flagsOf(command);
      for (const [flag, wanted] of Object.entries(expected)) {
        assert.equal(flags.includes(flag), wanted, `${name} ${flag}`);
      }
    }
  });

  it('refuse a number of threads in one sentence, with the engine’s own bounds', async () => {
    for (const threads of ['0', '257', '1.5', 'two', '']) {
      const program = buildProgram();
      await assert.rejects(
        program.parseAsync(['node', 'distill', 'doctor', '--threads', threads]),
        { message: `--threads takes an integer from 1 to 256, not "${threads}"` },
      );
    }
  });

  it('show choices, and defaults as one would type them', () => {
    const option = () => new Option('--x <y>', 'what');
    assert.equal(optionHelp(option()), 'what');
    assert.equal(optionHelp(option().default(0.1)), 'what (default: 0.1)');
    assert.equal(optionHelp(option().default(['a', 'b'])), 'what (default: a b)');
    assert.equal(optionHelp(option().default([])), 'what');
    assert.equal(optionHelp(new Option('--no-x', 'what').default(true)), 'what');
    assert.equal(
      optionHelp(option().choices(['a', 'b']).default('a')),
      'what (choices: a, b; default: a)',
    );
  });

  it('say of every option what it does', () => {
    for (const command of commands) {
      assert.ok(command.description().length > 0, command.name());
      for (const { long, description } of command.options) {
        assert.ok(description.length > 5, `${command.name()} ${long}`);
      }
    }
  });

  it('have in the docs no option that they do not have', async () => {
    const pages = [
      'README.md',
      ...(await readdir('docs'))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `docs/${name}`),
    ];
    let checked = 0;
    for (const page of pages) {
      const text = (await readFile(page, 'utf8')).replace(/\\\n/g, ' ');
      for (const [, name, rest] of text.matchAll(/distill(?:\.js)? ([a-z-]+)([^\n`]*)/g)) {
        const command = commands.find((one) => one.name() === name);
        if (!command) continue;
        const known = [...flagsOf(command), '--help'];
        for (const [flag] of rest.split('#')[0].matchAll(/(?<![\w'-])--[a-z][a-z-]*/g)) {
          assert.ok(known.includes(flag), `${page}: distill ${name} ${flag}`);
          checked++;
        }
      }
    }
    assert.ok(checked > 10, `${checked}`);
  });
});

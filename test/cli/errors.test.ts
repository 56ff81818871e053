import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { CommanderError } from 'commander';
import { errorLines, reportOf } from '../../src/cli/error-text.ts';
import { hintText, REMEDIES } from '../../src/cli/hints.ts';
import { buildProgram, main } from '../../src/cli/program.ts';
import { GateError, RunError, UserError } from '../../src/errors.ts';

const linesOf = (error: unknown, command?: string) => errorLines(reportOf(error, command));

describe('an error', () => {
  it('is one line, and a hint in the next', () => {
    const error = new UserError('some-code', 'a 5 was\n  expected', { hint: 'write\n a 5' });
    assert.equal(linesOf(error), 'error: a 5 was expected\nhint: write a 5\n');
    assert.equal(linesOf(new GateError('gate', 'too low')), 'error: too low\n');
  });

  it('of a user always has a hint', () => {
    const error = new UserError('some-code', 'no');
    assert.equal(linesOf(error, 'attack'), 'error: no\nhint: see `distill attack --help`\n');
    assert.equal(linesOf(error), 'error: no\nhint: see `distill --help`\n');
  });

  it('ends the program with the exit code of its kind', () => {
    const exitCode = (error: unknown) => reportOf(error).exitCode;
    assert.equal(exitCode(new GateError('gate', 'x')), 1);
    assert.equal(exitCode(new UserError('x', 'x')), 2);
    assert.equal(exitCode(new CommanderError(1, 'commander.unknownOption', 'error: x')), 2);
    assert.equal(exitCode(new RunError('x', 'x')), 3);
    assert.equal(exitCode(Object.assign(new Error('ENOSPC'), { syscall: 'write' })), 3);
    assert.equal(exitCode(new TypeError('x is not a function')), 3);
    assert.equal(exitCode('thrown text'), 3);
  });

  it('is called a bug only if it is one', () => {
    const isBug = (error: unknown) => reportOf(error).isBug;
    assert.equal(isBug(new TypeError('x is not a function')), true);
    assert.equal(isBug('thrown text'), true);
    for (const error of [
      new GateError('gate', 'x'),
      new UserError('x', 'x'),
      new RunError('x', 'x'),
      new CommanderError(1, 'x', 'x'),
      Object.assign(new Error('ENOSPC'), { syscall: 'write' }),
    ]) {
      assert.equal(isBug(error), false, `${error}`);
    }
    assert.equal(
      linesOf(new TypeError('x is\nnot')),
      'error: x is not\nhint: this is a bug in distill: please report it with the lines below\n',
    );
  });
});

describe('a hint', () => {
  it('says what to type, unless it already does', () => {
    assert.equal(
      hintText('diverged', 'lower the learning rate'),
      'lower the learning rate (--learning-rate)',
    );
    assert.equal(hintText('diverged', 'lower --learning-rate'), 'lower --learning-rate');
    assert.equal(hintText('foreign-model', 'name another --data'), 'name another --data (--model)');
    assert.equal(hintText('diverged', undefined), '--learning-rate');
    assert.equal(hintText('gate', undefined), undefined);
    assert.equal(hintText('gate', 'as it is'), 'as it is');
  });

  it('names flags and commands that exist', () => {
    const { commands } = buildProgram();
    const flags = new Set(commands.flatMap(({ options }) => options.map(({ long }) => long)));
    const names = new Set(commands.map((command) => `\`distill ${command.name()}\``));
    for (const [code, remedy] of Object.entries(REMEDIES)) {
      for (const word of remedy.split(', ')) {
        assert.ok(
          flags.has(word) || names.has(word) || word === '`npm run build`',
          `${code}: ${word}`,
        );
      }
    }
  });
});

describe('the program', () => {
  afterEach(() => {
    mock.reset();
    process.exitCode = undefined;
  });

  /** What a command line writes to standard error, and its exit code. */
  async function run(...args: string[]): Promise<[text: string, code: unknown]> {
    let text = '';
    mock.method(process.stderr, 'write', (part: string) => {
      text += part;
      return true;
    });
    await main(['node', 'distill', ...args]);
    const code = process.exitCode;
    process.exitCode = undefined;
    return [text, code];
  }

  it('suggests the command, the option or the value that was meant', async () => {
    const expected: [args: string[], text: string][] = [
      [['atack'], "error: unknown command 'atack'\nhint: did you mean attack?\n"],
      [['xyz'], "error: unknown command 'xyz'\nhint: see `distill --help`\n"],
      [
        ['attack', '--sampels', '3'],
        "error: unknown option '--sampels'\nhint: did you mean --samples?\n",
      ],
      [['attack', '--xyz'], "error: unknown option '--xyz'\nhint: see `distill attack --help`\n"],
      [
        ['train-teacher', '--optimizer', 'lamb'],
        "error: option '--optimizer <name>' argument 'lamb' is invalid\nhint: choose one of adam, sgd\n",
      ],
      [
        ['predict', '--model'],
        "error: option '--model <folder>' argument missing\nhint: see `distill predict --help`\n",
      ],
      [['import'], "error: missing required argument 'model'\nhint: see `distill import --help`\n"],
      [
        ['export', '--format', 'onnx'],
        "error: required option '--out <path>' not specified\nhint: see `distill export --help`\n",
      ],
      [
        ['doctor', 'please'],
        "error: too many arguments for 'doctor'. Expected 0 arguments but got 1\nhint: see `distill doctor --help`\n",
      ],
      [
        ['attack', '--samples', '0'],
        'error: --samples takes an integer from 1 up, not "0"\nhint: --help shows the defaults and an example\n',
      ],
    ];
    for (const [args, text] of expected) assert.deepEqual(await run(...args), [text, 2]);
  });

  it('shows the stack trace of a mistake only with --verbose', async () => {
    const [quiet] = await run('predict', '--index', '0', '--image', 'x.png', '--model', 'nowhere');
    assert.doesNotMatch(quiet, /\n {4}at /);
    const [verbose, code] = await run('predict', '--model', 'nowhere', '--verbose');
    assert.match(verbose, /^error: .*\nhint: .*\nUserError: .*\n {4}at /);
    assert.equal(code, 2);
  });
});

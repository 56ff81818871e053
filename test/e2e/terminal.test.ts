/** What a terminal of 80 x 24 shows: no word is broken, and the answer is on the last screen. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { visibleWidth } from '../../src/cli/wrapping.ts';
import { TINY, writeTinyData } from '../experiments/tiny-data.ts';
import { distill, type Outcome } from './distill.ts';

const COLUMNS = 80;
const ROWS = 24;

/** What makes the program take its pipes for a terminal. */
const AS_TERMINAL = `data:text/javascript,${encodeURIComponent(
  `for (const name of ['stdout', 'stderr']) Object.assign(process[name], { isTTY: true, columns: ${COLUMNS}, rows: ${ROWS} })`,
)}`;

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'distill-terminal-e2e-'));
  await writeTinyData(home);
});
after(() => rm(home, { recursive: true }));

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told besides text
const TO_LINE_START = /\r|\u001b\[1G/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: likewise
const OTHER_CONTROL = /\u001b(?:[78]|\[[0-9;]*[A-Z])/g;

/** Lines as they stand on the screen in the end: what was drawn over is gone. */
const screen = (text: string) =>
  text.split('\n').map((line) => {
    const drawn = line.replace(TO_LINE_START, '\r').replace(OTHER_CONTROL, '');
    return drawn.split('\r').findLast((part) => part !== '') ?? '';
  });

async function onTerminal(...args: string[]): Promise<Outcome> {
  const outcome = await distill(home, args, { NODE_OPTIONS: `--import ${AS_TERMINAL}` });
  for (const line of [...screen(outcome.stdout), ...screen(outcome.stderr)]) {
    // A word of its own, such as a long path, has no place to break.
    const isOneWord = !line.trim().includes(' ');
    assert.ok(visibleWidth(line) <= COLUMNS || isOneWord, `distill ${args.join(' ')}: ${line}`);
  }
  return outcome;
}

const LONG_NAME = 'a model with a name so long that no line of a terminal has room for it';
const DATA = ['--data', 'bands.npz'];
const FEW = ['--eps', '0.1,0.3'];

describe('a terminal of 80 x 24', () => {
  it('shows whole words from training to the report, under long names as well', async () => {
    const small = [...DATA, ...TINY];
    const commands = [
      ['train-teacher', ...small, '--temperature', '1', '--out', 'model'],
      ['train-teacher', ...small, '--temperature', '20', '--out', LONG_NAME],
      ['attack', ...DATA, '--model', 'model', '--model', LONG_NAME],
      ['evaluate', ...DATA, '--model', 'model', LONG_NAME, ...FEW, '--attacks', 'fgsm,pgd,square'],
      ['report', '--from', 'report/evaluate/evaluation.json'],
      ['predict', ...DATA, '--model', LONG_NAME, '--index', '3'],
      ['list'],
      ['inspect', LONG_NAME],
      ['doctor'],
    ];
    for (const command of commands) {
      const { code, stderr } = await onTerminal(...command);
      assert.equal(code, 0, `distill ${command.join(' ')}: ${stderr}`);
    }
  });

  it('shows the answer on the last screen', async () => {
    const gates = ['--fail-on', 'no-verdict', 'serious', '--min-robust-accuracy', '0.99'];
    const model = ['--model', 'model', '--attacks', 'fgsm,pgd,square'];
    for (const flags of [[], gates]) {
      const { stdout, stderr } = await onTerminal('evaluate', ...DATA, ...model, ...FEW, ...flags);
      const last = [...screen(stdout), ...screen(stderr.split('\n').slice(-2).join('\n'))].slice(
        -ROWS,
      );
      assert.match(last.join('\n'), /\d+ of 24 images stay correct at Linf 0\.3/);
      assert.match(stdout, / {2}to settle it: distill evaluate .* \\\n {2}\S.* --seed 1\n/);
    }
  });

  it('breaks no word of help, of a mistake or of its hint', async () => {
    for (const args of [
      ['--help'],
      ['evaluate', '--help'],
      ['evaluate', '--model', LONG_NAME.repeat(2)],
      ['attack', '--attack', 'pgdd'],
      ['train-student', '--eps', '0.1'],
    ]) {
      await onTerminal(...args);
    }
  });
});

/** Options that would do nothing are refused, and what nothing catches is no unmet gate. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { describe, it } from 'node:test';
import { visible } from '../../src/cli/visible.ts';
import { program } from '../e2e/distill.ts';

const run = (args: readonly string[]) =>
  spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });

describe('options that do nothing', () => {
  for (const [line, error, hint] of [
    ['train-student --eps 0.1', '--eps does nothing without --robust', 'add --robust'],
    [
      'attack --attack fmn --eps 0.1',
      '--eps does nothing with fmn, which looks for the smallest change',
      'leave it out',
    ],
    ['attack --attack pgd --source models/a', '--source does nothing with pgd', 'leave it out'],
    ['evaluate --preset quick --attacks fgsm', '--preset does nothing with --attacks', 'choose'],
  ]) {
    it(`are refused: ${line}`, () => {
      const { status, stderr } = run(line.split(' '));
      assert.equal(status, 2);
      assert.ok(stderr.startsWith(`error: ${error}\nhint: ${hint}`), stderr);
    });
  }

  it('are taken where they do something, and from a configuration file', () => {
    const { stderr } = run(['train-student', '--robust', '--eps', '0.1', '--soft-labels', 'none']);
    assert.match(stderr, /^error: there are no soft labels in none\n/);
  });
});

describe('output that cannot be written', () => {
  it('is a fault, not an unmet gate', { skip: !existsSync('/dev/full') }, () => {
    for (const args of [['--help'], ['doctor', '--json']]) {
      const { status, stderr } = spawnSync(process.execPath, [program, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
      });
      assert.equal(status, 3);
      assert.match(stderr, /error: cannot write the output \(ENOSPC\)\nhint: free some space/);
    }
  });
});

describe('text for a terminal', () => {
  it('shows what would move the cursor or turn the writing around as its code', () => {
    assert.equal(visible('a\u001b[2Jb\rc\u202ed'), 'a\\u{1b}[2Jb\\u{d}c\\u{202e}d');
  });

  it('keeps colors, line ends, tabs and letters of every script', () => {
    const text = '\u001b[33mwarning:\u001b[39m émile\tモデル\n';
    assert.equal(visible(text), text);
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { evaluateCommand } from '../../src/cli/command-text.ts';
import { parseEps, parseSettingLists } from '../../src/cli/parsers.ts';
import type { EvaluationRequest } from '../../src/evaluation/index.ts';

const request: EvaluationRequest = {
  model: 'models/student',
  attacks: { preset: 'standard' },
  data: 'mnist',
  norm: 'L2',
  eps: [8 / 255, 0.1, 1 / 3],
  samples: 60,
  seed: 7,
};

/** The words that a shell makes of a command. */
const wordsOf = (command: string): string[] =>
  execFileSync('sh', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);

describe('a requested evaluation as a command', () => {
  it('has every choice in it, and every number exactly', () => {
    assert.equal(
      evaluateCommand(request),
      'distill evaluate --model models/student --preset standard --data mnist --norm L2 --eps 8/255 0.1 85/255 --samples 60 --seed 7',
    );
    const exact = [8 / 255, 1 / 255, 0.1, 1 / 3, 0.123456789012345, 112];
    const words = wordsOf(evaluateCommand({ ...request, eps: exact }));
    const texts = words.slice(words.indexOf('--eps') + 1, words.indexOf('--samples'));
    assert.deepEqual(
      texts.map((text) => parseEps(text, 'L2')),
      exact,
    );
  });

  it('names attacks with their losses and settings, as the parser reads them', () => {
    const attacks = {
      names: ['pgd', 'square'],
      losses: ['margin' as const, 'dlr' as const],
      settings: [
        { attack: 'pgd', option: 'steps', values: [40, 100] },
        { attack: null, option: 'restarts', values: [2] },
      ],
    };
    const command = evaluateCommand({ ...request, attacks, data: null, eps: [] });
    assert.equal(
      command,
      'distill evaluate --model models/student --attacks pgd square --loss margin dlr --set pgd.steps=40,100 restarts=2 --norm L2 --samples 60 --seed 7',
    );
    assert.deepEqual(parseSettingLists(['pgd.steps=40,100', 'restarts=2']), [
      attacks.settings[0],
      { option: 'restarts', values: [2] },
    ]);
  });

  it('comes out of a shell with the words that went in', () => {
    for (const folder of ["it's; rm -rf $HOME", 'two words', '"a" `b` \\ *', 'plain-1.0/x', '']) {
      const words = wordsOf(evaluateCommand({ ...request, model: folder, data: folder }));
      assert.equal(words[words.indexOf('--model') + 1], folder);
      assert.equal(words[words.indexOf('--data') + 1], folder);
      assert.equal(words.length, 18);
    }
  });
});

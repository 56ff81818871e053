import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fitted, fittedCommand, wrapped } from '../../src/cli/wrapping.ts';

describe('a wrapped sentence', () => {
  it('fills lines to the width and not beyond it', () => {
    assert.deepEqual(wrapped('ab cd ef', 5), ['ab cd', 'ef']);
    assert.deepEqual(wrapped('ab cd ef', 4), ['ab', 'cd', 'ef']);
    assert.deepEqual(wrapped('ab cd ef', 8), ['ab cd ef']);
    assert.deepEqual(wrapped('longerthanthat x', 5), ['longerthanthat', 'x']);
  });

  it('keeps a number beside its percent sign', () => {
    assert.deepEqual(wrapped('it is 99 % now', 8), ['it is', '99 % now']);
    assert.deepEqual(wrapped('is 99 % so', 5), ['is', '99 %', 'so']);
  });
});

describe('a text on a terminal', () => {
  const terminal = { isTTY: true, columns: 20 };
  const file = { isTTY: false, columns: 20 };

  it('has no line that is longer, unless of one word, and loses no word', () => {
    const text = 'one two three four five six\n  seven eight nine ten\nshort\n\n';
    assert.equal(
      fitted(text, terminal),
      'one two three four\nfive six\n  seven eight nine\n  ten\nshort\n\n',
    );
    assert.equal(fitted(text, file), text);
    assert.equal(fitted(`${'x'.repeat(30)} y`, terminal), `${'x'.repeat(30)}\ny`);
  });

  it('is measured without its colors', () => {
    const text = `\u001b[33mwarning:\u001b[39m ${'x'.repeat(11)} y`;
    assert.equal(fitted(text, terminal), text.replace(' y', '\ny'));
    assert.equal(fitted(text.slice(0, -2), terminal), text.slice(0, -2));
  });

  it('that is a command can still be copied', () => {
    const command = "distill attack --model 'my own model' --eps 0.1";
    const lines = fittedCommand(command, terminal);
    assert.equal(lines, "distill attack \\\n  --model \\\n  'my own model' \\\n  --eps 0.1");
    assert.equal(lines.replace(/ \\\n {2}/g, ' '), command);
    assert.equal(fittedCommand(command, file), command);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  decimal,
  integer,
  parseEps,
  parseSettingLists,
  parseSettings,
  parseTarget,
} from '../../src/cli/parsers.ts';
import { UserError } from '../../src/errors.ts';

const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const name = fc.stringMatching(/^[a-z]\w{0,8}$/);

/** Runs a parser on any text: it gives a finite value or a mistake in one line with a hint. */
function isTotal(parse: (text: string) => unknown): void {
  const texts = fc.oneof(fc.string(), fc.stringMatching(/^[\d./=, eE+-]{0,12}$/));
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const flat = JSON.stringify(parse(text));
        assert.doesNotMatch(flat, /null/, `${text} gives NaN or Infinity`);
      } catch (error) {
        assert.ok(error instanceof UserError, `${error}`);
        assert.ok(error.hint);
      }
    }),
  );
}

describe('flags that are numbers', () => {
  it('read what they print, and nothing outside their range', () => {
    const [whole, share] = [integer('--n', 1, 100), decimal('--x', 0, 1, true)];
    fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), (n) => whole(String(n)) === n));
    for (const text of ['0', '101', '1.5', '', ' ', 'x', '1e400', 'NaN', '-1']) {
      assert.throws(() => whole(text), { code: 'bad-flag' }, text);
    }
    assert.equal(share('1'), 1);
    assert.equal(share('1e-9'), 1e-9);
    for (const text of ['0', '1.0001', '', 'Infinity', 'NaN', '-0.1']) {
      assert.throws(() => share(text), { code: 'bad-flag' }, text);
    }
    isTotal(whole);
    isTotal(share);
  });
});

describe('--eps', () => {
  it('reads numbers and fractions', () => {
    assert.equal(parseEps('0.3', 'Linf'), 0.3);
    assert.equal(parseEps('8/255', 'Linf'), 8 / 255);
    assert.equal(parseEps('0', 'Linf'), 0);
    assert.equal(parseEps('112', 'L0'), 112);
    fc.assert(fc.property(fc.nat(255), (n) => assert.equal(parseEps(`${n}/255`, 'Linf'), n / 255)));
  });

  it('refuses what is no budget', () => {
    for (const text of ['', '/', '1/', '/2', '1/0', '0/0', '1/2/3', '-1', 'NaN', '8/255x']) {
      assert.throws(() => parseEps(text, 'L2'), { code: 'bad-flag' }, text);
    }
    assert.throws(() => parseEps('8', 'Linf'), { hint: 'did you mean 8/255?' });
    isTotal((text) => parseEps(text, 'L2'));
  });
});

describe('--set', () => {
  it('reads name=value', () => {
    fc.assert(
      fc.property(fc.dictionary(name, number, { noNullPrototype: true }), (settings) => {
        const texts = Object.entries(settings).map(([option, value]) => `${option}=${value}`);
        assert.deepEqual(
          parseSettings(texts),
          Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, value + 0])),
        );
      }),
    );
  });

  it('refuses what is no setting, and an option given twice', () => {
    for (const text of ['steps', 'steps=', '=3', 'steps= ', 'steps=many', 'a=1=2', '', 'a=NaN']) {
      assert.throws(() => parseSettings([text]), { code: 'bad-flag' }, text);
    }
    assert.throws(() => parseSettings(['steps=1e999']), { code: 'bad-flag' });
    assert.throws(() => parseSettings(['steps=10', 'steps=20']), { code: 'bad-flag' });
    isTotal((text) => parseSettings([text]));
  });

  it('reads lists of values, for all attacks or for one', () => {
    assert.deepEqual(parseSettingLists(['steps=40,100', 'cw-l2.confidence=20']), [
      { option: 'steps', values: [40, 100] },
      { attack: 'cw-l2', option: 'confidence', values: [20] },
    ]);
    for (const text of ['steps', 'steps=', 'steps=1,', 'steps=,1', '.steps=1', 'a.b.c=1', 'a=x']) {
      assert.throws(() => parseSettingLists([text]), { code: 'bad-flag' }, text);
    }
    assert.throws(() => parseSettingLists(['steps=1e999']), { code: 'bad-flag' });
    assert.throws(() => parseSettingLists(['steps=1', 'steps=2']), { code: 'bad-flag' });
    isTotal((text) => parseSettingLists([text]));
  });
});

describe('--target', () => {
  it('is a class or every', () => {
    assert.equal(parseTarget('0'), 0);
    assert.equal(parseTarget('every'), 'every');
    for (const text of ['', '-1', '1.5', 'all', 'NaN']) {
      assert.throws(() => parseTarget(text), { code: 'bad-flag' }, text);
    }
    isTotal(parseTarget);
  });
});

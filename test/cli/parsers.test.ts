import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  decimal,
  integer,
  parseEps,
  parseImageShape,
  parseInputRange,
  parseNumbers,
  parseSettingLists,
  parseSettings,
  parseTarget,
  share,
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

describe('a share', () => {
  it('is a number from 0 to 1, or percent', () => {
    const texts = ['0.99', '99%', '99 %', '0', '100%', '12.5%'];
    assert.deepEqual(texts.map(share('--x')), [0.99, 0.99, 0.99, 0, 1, 0.125]);
    for (const text of ['', '%', '-1%', '101%', '1.1', '5%%'])
      assert.throws(() => share('--x')(text));
  });

  it('that looks like percent is answered with percent', () => {
    assert.throws(() => share('--x')('99'), { hint: 'did you mean 99%?' });
  });
});

describe('a refused number', () => {
  const hint = '--help shows the defaults and an example';

  it('is reported with its interval, open or closed', () => {
    const refused = (parse: (text: string) => unknown, text: string, message: string) =>
      assert.throws(() => parse(text), { code: 'bad-flag', message, hint });
    refused(integer('--n', 1), '0', '--n takes an integer from 1 up, not "0"');
    refused(integer('--n', 0, 9), '10', '--n takes an integer from 0 to 9, not "10"');
    refused(decimal('--x', 0, 1), '-0.1', '--x takes a number from 0 to 1, not "-0.1"');
    refused(decimal('--x', 0, 1, true), '0', '--x takes a number above 0, at most 1, not "0"');
  });

  it('is not at the ends that belong to the interval', () => {
    assert.equal(integer('--n', 1, 9)('1'), 1);
    assert.equal(integer('--n', 1, 9)('9'), 9);
    assert.equal(integer('--n', 0)('9007199254740991'), Number.MAX_SAFE_INTEGER);
    assert.throws(() => integer('--n', 0)('9007199254740992'));
    assert.equal(decimal('--x', 0, 1)('0'), 0);
    assert.equal(decimal('--x', 0, 1)('1'), 1);
    assert.throws(() => decimal('--x', 0, 1)('1.0000001'));
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

describe('--eps beyond the pixel range', () => {
  const hintOf = (text: string) => {
    try {
      return parseEps(text, 'Linf');
    } catch (error) {
      assert.ok(error instanceof UserError);
      assert.equal(
        error.message,
        `--eps ${text} is larger than the whole pixel range, which is 0 to 1`,
      );
      return error.hint;
    }
  };

  it('is refused in Linf, with the fraction that was probably meant', () => {
    assert.equal(hintOf('1'), 1);
    assert.equal(hintOf('255'), 'did you mean 255/255?');
    assert.equal(hintOf('256'), 'did you mean a fraction such as 8/255?');
    assert.equal(hintOf('1.5'), 'did you mean a fraction such as 8/255?');
  });

  it('is allowed in the other norms', () => {
    for (const norm of ['L0', 'L1', 'L2'] as const) assert.equal(parseEps('30', norm), 30);
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

describe('--image-shape and --input-range', () => {
  it('read three sizes and two different numbers', () => {
    assert.deepEqual(parseImageShape('28x32x1'), [28, 32, 1]);
    assert.deepEqual(parseInputRange('0,255'), [0, 255]);
    assert.deepEqual(parseInputRange('1,-1'), [1, -1]);
    assert.equal(parseInputRange('auto'), 'auto');
    assert.deepEqual(parseNumbers('--mean', -1, 1)('0.5,-1'), [0.5, -1]);
    for (const text of ['', '2', '0.1,', 'x']) {
      assert.throws(() => parseNumbers('--mean', -1, 1)(text), { code: 'bad-flag' }, text);
    }
    isTotal(parseImageShape);
    isTotal(parseInputRange);
  });

  it('refuse anything else', () => {
    for (const text of ['28x28', '28x28x1x1', '0x28x1', '28x28x1.5', 'x28x1', '', '-1x1x1']) {
      assert.throws(() => parseImageShape(text), { code: 'bad-flag' }, text);
    }
    for (const text of ['1,1', '0', '0,', ',1', '0,1,2', '0,x', '']) {
      assert.throws(() => parseInputRange(text), { code: 'bad-flag' }, text);
    }
  });
});

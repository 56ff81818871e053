/** What the values of flags mean. Each parser throws a `UserError` that says what was expected. */
import type { Norm } from '../attacks/index.ts';
import { UserError } from '../errors.ts';
import type { Setting, Target } from '../evaluation/index.ts';

function refuse(
  flag: string,
  value: string,
  expected: string,
  hint = '--help shows the defaults and an example',
): never {
  throw new UserError('bad-flag', `${flag} takes ${expected}, not "${value}"`, {
    hint,
  });
}

/** The number that a text in decimal digits is (`5`, `-0.5`, `.5`, `1e-3`), or NaN. */
function finite(text: string): number {
  const value = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}

/** Parser of an integer flag. */
export function integer(flag: string, least: number, most = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = finite(text);
    if (Number.isSafeInteger(value) && value >= least && value <= most) {
      return value;
    }
    const range =
      most === Number.MAX_SAFE_INTEGER ? `from ${least} up` : `from ${least} to ${most}`;
    return refuse(flag, text, `an integer ${range}`);
  };
}

/** Parser of a flag that is a number in [least, most], or (least, most] when `open`. */
export function decimal(flag: string, least: number, most: number, open = false) {
  return (text: string): number => {
    const value = finite(text);
    const above = open ? value > least : value >= least;
    if (above && value <= most) return value;
    const range = open ? `above ${least}, at most ${most}` : `from ${least} to ${most}`;
    return refuse(flag, text, `a number ${range}`);
  };
}

/** Parser of a flag that is a share: a number from 0 to 1, or percent such as `99%`. */
export function share(flag: string) {
  return (text: string): number => {
    const [, number = text, sign] = /^(.*?)\s*(%?)$/s.exec(text.trim()) ?? [];
    const value = finite(number) / (sign ? 100 : 1);
    if (value >= 0 && value <= 1) return value;
    const meant = !sign && value > 1 && value <= 100 ? `did you mean ${number}%?` : undefined;
    return refuse(flag, text, 'a number from 0 to 1 or percent such as 99%', meant);
  };
}

/**
 * Reads a budget: a number or a fraction such as `8/255`, in pixel values [0, 1] (`L0`: a number
 * of features). In `L2` and `L1` many small changes may add up to more than 1.
 * @throws UserError `bad-flag`
 */
export function parseEps(text: string, norm: Norm): number {
  const [numerator, denominator, ...rest] = text.split('/');
  const eps = finite(numerator) / (denominator === undefined ? 1 : finite(denominator));
  if (rest.length > 0 || !Number.isFinite(eps) || eps < 0) {
    const expected =
      norm === 'L0'
        ? 'a number of pixels, such as 112'
        : 'a number from 0 to 1 or a fraction such as 8/255';
    return refuse('--eps', text, expected);
  }
  if (norm === 'L0' && !Number.isSafeInteger(eps)) {
    throw new UserError(
      'bad-flag',
      `--eps ${text} is no whole number of pixels, as L0 counts them`,
      {
        hint: 'give a number of pixels, such as 112, or another --norm',
      },
    );
  }
  if (eps > 1 && norm === 'Linf') {
    throw new UserError(
      'bad-flag',
      `--eps ${text} is larger than the whole pixel range, which is 0 to 1`,
      {
        hint:
          Number.isInteger(eps) && eps <= 255
            ? `did you mean ${eps}/255?`
            : 'did you mean a fraction such as 8/255?',
      },
    );
  }
  return eps;
}

/**
 * Reads an attack's own options, each `name=value`; which of them exist is for the attack to say.
 * @throws UserError `bad-flag`
 */
export function parseSettings(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    texts.map((text) => {
      const [name, value = '', ...rest] = text.split('=');
      if (name === '' || rest.length > 0 || Number.isNaN(finite(value))) {
        return refuse('--set', text, 'name=value with a number, such as steps=100');
      }
      if (texts.some((other) => other !== text && other.startsWith(`${name}=`))) {
        return refuse('--set', text, 'each option once');
      }
      return [name, finite(value)];
    }),
  );
}

/**
 * Reads options of several attacks, each `name=value`, `name=value,value` or `attack.name=value`:
 * every value is tried with every other.
 * @throws UserError `bad-flag`
 */
export function parseSettingLists(texts: readonly string[]): Setting[] {
  const settings = texts.map((text): Setting => {
    const [, attack, option, list] = /^(?:([\w-]+)\.)?(\w+)=(.+)$/.exec(text) ?? [];
    const values = (list ?? '').split(',').map(finite);
    if (option === undefined || values.some(Number.isNaN)) {
      return refuse('--set', text, 'name=value, such as steps=100, pgd.steps=100 or steps=40,100');
    }
    return { ...(attack !== undefined && { attack }), option, values };
  });
  settings.forEach(({ attack, option }, i) => {
    const isTwice = settings.some(
      (other, j) => j < i && other.option === option && other.attack === attack,
    );
    if (isTwice) refuse('--set', texts[i], `each option once; several values go as ${option}=a,b`);
  });
  return settings;
}

/**
 * Parser of `--target`: a class, or every wrong one in turn.
 * @throws UserError `bad-flag`
 */
export function parseTarget(text: string): Target {
  if (text === 'every') return text;
  const value = finite(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  return refuse('--target', text, 'a class, such as 3, or every');
}

/**
 * Parser of `--image-shape`: height, width and channels.
 * @throws UserError `bad-flag`
 */
export function parseImageShape(text: string): [number, number, number] {
  const [height, width, channels, ...rest] = text.split('x').map(finite);
  const sizes = [height, width, channels];
  if (rest.length === 0 && sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
    return [height, width, channels];
  }
  return refuse('--image-shape', text, 'HEIGHTxWIDTHxCHANNELS, such as 28x28x1');
}

/**
 * Parser of `--input-range`: what black and white are for a model, or `auto`.
 * @throws UserError `bad-flag`
 */
export function parseInputRange(text: string): [number, number] | 'auto' {
  if (text === 'auto') return text;
  const [black, white, ...rest] = text.split(',').map(finite);
  if (rest.length === 0 && Number.isFinite(black) && Number.isFinite(white) && black !== white) {
    return [black, white];
  }
  return refuse('--input-range', text, 'two different numbers, such as 0,255 or -1,1, or auto');
}

/**
 * Parser of a flag that is one number, or several, such as one for each channel.
 * @throws UserError `bad-flag`
 */
export function parseNumbers(
  flag: string,
  least: number,
  most: number,
  example = '0.5 or 0.49,0.48,0.45',
) {
  return (text: string): number[] => {
    const values = text.split(',').map(finite);
    if (values.every((value) => value >= least && value <= most)) return values;
    return refuse(flag, text, `numbers from ${least} to ${most}, such as ${example}`);
  };
}

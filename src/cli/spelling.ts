/** What is read in several spellings: commands and names in any letter case, options also as other commands name them. */
import type { Command, Option } from 'commander';
import { meantText, sameName } from '../closest.ts';

/** Options of several numbers: like names out of a list, these may be joined with commas. */
const NUMBERS = new Set(['--eps']);

const listed = (text: string) => text.split(',').map((part) => part.trim());

/**
 * Lets an option that takes names out of a list take them in any letter case; one that takes several
 * names or numbers takes them joined with commas as well.
 */
export function acceptSpellings(option: Option): void {
  const { argChoices: choices, defaultValue, parseArg, variadic, long } = option;
  if (choices && parseArg) {
    option.parseArg = <T>(text: string, previous: T) =>
      (variadic ? listed(text) : [text]).reduce<T>(
        (parsed, name) => parseArg(sameName(name, choices) ?? name, parsed),
        previous,
      );
  } else if (variadic && long && NUMBERS.has(long)) {
    option.argParser<string[]>((text, previous) => [
      ...(Array.isArray(previous) && previous !== defaultValue ? previous : []),
      ...listed(text),
    ]);
  }
}

/** Options that some commands spell one way and some the other. */
const OTHER_SPELLING: Readonly<Record<string, string>> = {
  '--attack': '--attacks',
  '--attacks': '--attack',
  '--model': '--models',
  '--models': '--model',
  '--loss': '--losses',
  '--losses': '--loss',
  '--gate': '--gates',
  '--gates': '--gate',
};

/** The steps of an attack: an option of their own in training, one of many settings elsewhere. */
const STEPS = '--attack-steps';
const SETTING = '--set';
const STEPS_SETTING = 'steps=';

/**
 * The arguments as the program's help spells them. An option that the command does not have becomes
 * its other spelling, `--attack-steps 100` becomes `--set steps=100`, and the reverse.
 * @param args from the command's name on
 */
export function helpSpelling(commands: readonly Command[], args: readonly string[]): string[] {
  const [first = '', ...rest] = args;
  const name = sameName(
    first,
    commands.map((one) => one.name()),
  );
  const command = commands.find((one) => one.name() === name);
  if (command === undefined) return [...args];
  const has = (flag: string) => command.options.some(({ long }) => long === flag);
  const words = rest.flatMap((word): string[] => {
    const [, flag, value] = /^(--[\w-]+)(=.*)?$/s.exec(word) ?? [];
    if (flag === undefined || has(flag)) return [word];
    const other = OTHER_SPELLING[flag];
    if (other !== undefined && has(other)) return [`${other}${value ?? ''}`];
    const isSteps = flag === STEPS && has(SETTING);
    return isSteps && value ? [flag, value.slice(1)] : [word];
  });
  if (has(SETTING) && !has(STEPS)) {
    return [command.name(), ...paired(words, STEPS, (n) => [SETTING, `${STEPS_SETTING}${n}`])];
  }
  if (has(STEPS) && !has(SETTING)) {
    return [
      command.name(),
      ...paired(words, SETTING, (text) =>
        text.startsWith(STEPS_SETTING) ? [STEPS, text.slice(STEPS_SETTING.length)] : undefined,
      ),
    ];
  }
  return [command.name(), ...words];
}

/** The words with every `flag value` replaced, where there is something to replace it with. */
function paired(
  words: readonly string[],
  flag: string,
  replace: (value: string) => string[] | undefined,
): string[] {
  return words.flatMap((word, i) => {
    const value = words.at(i + 1);
    const replaced = word === flag && value !== undefined ? replace(value) : undefined;
    if (replaced) return replaced;
    const isReplaced = i > 0 && words[i - 1] === flag && replace(word) !== undefined;
    return isReplaced ? [] : [word];
  });
}

/** The name of an option without dashes, in the spelling of the names that there are. */
export function optionNamed(text: string, names: readonly string[]): string | undefined {
  const same = sameName(text, names);
  if (same !== undefined) return same;
  const other = OTHER_SPELLING[`--${text.toLowerCase()}`]?.slice(2);
  return other === undefined ? undefined : sameName(other, names);
}

/** Such as `did you mean pgd? choose one of fgsm, pgd`. */
export function choiceHint(text: string, choices: readonly string[]): string {
  return `${meantText(text, choices)}choose one of ${choices.join(', ')}`;
}

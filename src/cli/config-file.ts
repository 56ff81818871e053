/**
 * `--config FILE`: options out of a YAML file. It has a part for each command, and `all` for those
 * options that several commands have. What was typed overrides what the file says.
 */
import { type Command, CommanderError, InvalidArgumentError, type Option } from 'commander';
import { isMap, isScalar, LineCounter, type Pair, parseDocument, stringify } from 'yaml';
import { meantText, sameName } from '../closest.ts';
import { UserError } from '../errors.ts';
import { readText } from '../storage/index.ts';
import { choiceHint, optionNamed } from './spelling.ts';

const MAX_BYTES = 2 ** 20;
const FOR_ALL = 'all';
/** Options that a file cannot set. */
const OWN = ['config', 'print-config'];

interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly line: number;
}

const nameOf = (option: Option): string => (option.long ?? option.flags).replace(/^--/, '');
const settable = (command: Command): Option[] =>
  command.options.filter((option) => !OWN.includes(nameOf(option)));

function wrong(file: string, line: number, problem: string, hint?: string): UserError {
  return new UserError('bad-config', `${file}, line ${line}: ${problem}`, hint ? { hint } : {});
}

/** The entries of a mapping with the lines that they stand in. */
function entriesOf(file: string, lines: LineCounter, content: unknown, line: number): Entry[] {
  if (!isMap(content)) throw wrong(file, line, 'a mapping of options to values expected');
  return content.items.map((pair: Pair) => {
    const { key, value } = pair;
    const at = isScalar(key) && key.range ? lines.linePos(key.range[0]).line : line;
    return { key: String(isScalar(key) ? key.value : key), value, line: at };
  });
}

async function readConfig(file: string): Promise<{ lines: LineCounter; parts: Entry[] }> {
  const text = await readText(
    file,
    (problem, cause) =>
      new UserError('no-config', `cannot read ${file}: ${problem}`, {
        hint: 'name another --config',
        cause,
      }),
    MAX_BYTES,
  );
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error) {
    throw wrong(file, error.linePos?.[0].line ?? 1, error.message.split('\n')[0].replace(/:$/, ''));
  }
  if (document.contents === null) return { lines, parts: [] };
  return { lines, parts: entriesOf(file, lines, document.contents, 1) };
}

/** A value of the file as the option would have parsed it on the command line. */
function parsed(option: Option, value: unknown): unknown {
  const isSwitch = !option.required && !option.optional;
  if (isSwitch) {
    if (typeof value === 'boolean') return option.negate ? !value : value;
    throw new InvalidArgumentError(`takes true or false, not ${JSON.stringify(value)}`);
  }
  const items = Array.isArray(value) ? value : [value];
  if (items.length === 0 || (items.length > 1 && !option.variadic)) {
    throw new InvalidArgumentError(`takes one value, not ${items.length}`);
  }
  const isText = (item: unknown) => ['string', 'number', 'boolean'].includes(typeof item);
  const stray = items.find((item) => !isText(item));
  if (stray !== undefined) {
    throw new InvalidArgumentError(`takes a text or a number, not ${JSON.stringify(stray)}`);
  }
  const texts = items.map(String);
  const { parseArg } = option;
  if (parseArg === undefined) return option.variadic ? texts : texts[0];
  return texts.reduce<unknown>((previous, text) => parseArg(text, previous), undefined);
}

/** Sets one option, unless it was typed. */
function apply(command: Command, file: string, { key, value, line }: Entry): void {
  const options = settable(command);
  const name = optionNamed(key, options.map(nameOf));
  const option = options.find((one) => nameOf(one) === name);
  if (option === undefined) return;
  const attribute = option.attributeName();
  if (command.getOptionValueSource(attribute) === 'cli') return;
  const content = typeof value === 'object' && value !== null && 'toJSON' in value;
  try {
    const plain = content ? (value as { toJSON(): unknown }).toJSON() : value;
    command.setOptionValueWithSource(attribute, parsed(option, plain), 'config');
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const said = message.replace(/^Allowed choices are /, 'takes one of ');
    const text = said.startsWith('--') ? said.slice(2) : `${key} ${said}`;
    const { argChoices } = option;
    const hint = meantText(String(value), argChoices ?? []).trim();
    throw wrong(file, line, text.replace(/\.$/, ''), hint);
  }
}

function checkKeys(commands: readonly Command[], file: string, entries: readonly Entry[]): void {
  const known = [...new Set(commands.flatMap((one) => settable(one).map(nameOf)))];
  const stray = entries.find(({ key }) => optionNamed(key, known) === undefined);
  if (stray === undefined) return;
  const owner = commands.length === 1 ? commands[0].name() : 'no command';
  const has = commands.length === 1 ? 'has no option' : 'has the option';
  throw wrong(
    file,
    stray.line,
    `${owner} ${has} '${stray.key}'`,
    `${meantText(stray.key, known)}its options are named as on the command line: ${known.join(', ')}`,
  );
}

async function applyFile(command: Command, file: string): Promise<void> {
  const { lines, parts } = await readConfig(file);
  const commands = command.parent?.commands ?? [command];
  const own: Entry[] = [];
  const shared: Entry[] = [];
  const names = [FOR_ALL, ...commands.map((one) => one.name())];
  for (const part of parts) {
    const key = sameName(part.key, names);
    const named = commands.filter((one) => key === FOR_ALL || one.name() === key);
    if (named.length === 0) {
      const hint = choiceHint(part.key, names);
      throw wrong(file, part.line, `there is no command '${part.key}'`, hint);
    }
    const entries = entriesOf(file, lines, part.value, part.line);
    checkKeys([...named], file, entries);
    if (key === FOR_ALL) shared.push(...entries);
    else if (key === command.name()) own.push(...entries);
  }
  for (const entry of [...shared, ...own]) apply(command, file, entry);
}

/** The options in force, as a file for `--config`. */
function configText(command: Command): string {
  const values = settable(command).flatMap((option): [string, unknown][] => {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (value === undefined) return [];
    return [[nameOf(option), option.negate ? value === false : value]];
  });
  return stringify({ [command.name()]: Object.fromEntries(values) });
}

/**
 * What happens before a command runs: its configuration file is read and, if asked for, printed.
 * @throws UserError `no-config`, `bad-config` with the line
 * @throws CommanderError with exit code 0 where printing was all that was asked for
 */
export async function action(command: Command): Promise<void> {
  const { config, printConfig } = command.opts<{ config?: string; printConfig?: true }>();
  if (config !== undefined) await applyFile(command, config);
  if (!printConfig) return;
  process.stdout.write(configText(command));
  throw new CommanderError(0, 'print-config', '');
}

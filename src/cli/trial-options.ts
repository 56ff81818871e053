/** What a sweep varies: the options of `distill run` that say how models are trained. */
import { Command, type Option } from 'commander';
import { type RunFlags, runCommand } from './commands/run.ts';
import { acceptSpellings } from './spelling.ts';
import {
  addFineTuneOption,
  addNoiseOptions,
  addTemperatureOption,
  addTrainingOptions,
  applyRecipe,
} from './training-options.ts';

/** Options of training that are the same in all trials, or mean nothing in one. */
const NOT_VARIED = ['data', 'log-dir'];

/** An option's name as it is typed, without dashes or `no-`. */
export const optionName = (option: Option): string =>
  (option.long ?? option.flags).replace(/^--(no-)?/, '');

/** The options that may differ between trials. */
export function variedOptions(): Option[] {
  const command = addTrainingOptions(addTemperatureOption(new Command('recipe')));
  return addFineTuneOption(addNoiseOptions(command)).options.filter(
    (option) => !NOT_VARIED.includes(optionName(option)),
  );
}

/** An option with a value as arguments; a switch as what says it. */
export function wordsOf(name: string, value: string | number | boolean): string[] {
  if (typeof value === 'boolean') return value ? [] : [`--no-${name}`];
  return [`--${name}`, String(value)];
}

/**
 * What `distill run` would do with these arguments.
 * @throws UserError `bad-flag`; CommanderError for what is no option or no choice
 */
export function runFlagsOf(words: readonly string[]): RunFlags {
  const command = runCommand(async () => {});
  command.options.forEach(acceptSpellings);
  command.exitOverride().configureOutput({ writeErr: () => {} });
  command.parse([...words], { from: 'user' });
  applyRecipe(command);
  return command.opts();
}

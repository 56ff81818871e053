/** Options that do nothing where others decide: typed, they are refused instead of ignored. */
import type { Command } from 'commander';
import { UserError } from '../errors.ts';

/**
 * Refuses an option that was typed where it does nothing; a configuration file may set it for other
 * runs of the command.
 * @param names of the options, as attributes, such as `attackSteps`
 * @param because why it does nothing, and what to do; undefined where it does something
 * @throws UserError `bad-flag`, when the command runs
 */
export function refuseUnused<Flags extends object>(
  command: Command,
  names: readonly (keyof Flags & string)[],
  because: (flags: Flags) => { readonly why: string; readonly hint: string } | undefined,
): Command {
  return command.hook('preAction', (called) => {
    const unused = called.options.find((option) => {
      const name = option.attributeName();
      return names.some((one) => one === name) && called.getOptionValueSource(name) === 'cli';
    });
    const reason = unused && because(called.opts<Flags>());
    if (reason) {
      throw new UserError('bad-flag', `${unused.long} does nothing ${reason.why}`, {
        hint: reason.hint,
      });
    }
  });
}

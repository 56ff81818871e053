/** How an error ends the program: what is printed, and the exit code. */
import { CommanderError } from 'commander';
import { closest } from '../closest.ts';
import { DistillError, UserError } from '../errors.ts';
import { hintText } from './hints.ts';
import { withoutSecrets } from './queue-address.ts';
import { choiceHint } from './spelling.ts';
import { visible } from './visible.ts';

export interface ErrorReport {
  /** Without line breaks. */
  readonly message: string;
  /** What to do about it; undefined where the message says all there is to say. */
  readonly hint: string | undefined;
  readonly exitCode: number;
  /** Whether the program is at fault: then the stack trace is always shown. */
  readonly isBug: boolean;
}

const inOneLine = (text: string) => text.trim().replace(/\s*\n\s*/g, ' ');

/** Commander appends the choices of an option to its message. */
function commanderReport(
  { message }: CommanderError,
  help: string,
  names: readonly string[],
): ErrorReport {
  const [, unknown] = /unknown (?:option|command) '(.*?)(?:=.*)?'$/s.exec(message) ?? [];
  const meant = unknown && closest(unknown, names);
  const [, refused, choices] = /^(.*?)\.? Allowed choices are (.*?)\.?$/s.exec(message) ?? [];
  const [, chosen = ''] = /argument '(.*)' is invalid$/s.exec(refused ?? '') ?? [];
  const hint = meant
    ? `did you mean ${meant}?`
    : choices
      ? choiceHint(chosen, choices.split(', '))
      : help;
  const text = inOneLine(refused ?? message).replace(/^error: |\.$/g, '');
  return { message: text, hint, exitCode: 2, isBug: false };
}

/**
 * @param command name of the command that was called, if it was known by then
 * @param names what an unknown command or option may have been meant to be
 */
export function reportOf(
  error: unknown,
  command?: string,
  names: readonly string[] = [],
): ErrorReport {
  const help = `see \`distill ${command === undefined ? '' : `${command} `}--help\``;
  if (error instanceof DistillError) {
    const { code, message, exitCode } = error;
    const advice = hintText(code, error.hint) ?? (error instanceof UserError ? help : undefined);
    const hint = advice === undefined ? undefined : inOneLine(advice);
    return { message: inOneLine(message), hint, exitCode, isBug: false };
  }
  if (error instanceof CommanderError) return commanderReport(error, help, names);
  const message = inOneLine(error instanceof Error ? error.message : String(error));
  if (error instanceof Error && 'syscall' in error) {
    const hint = 'check that the file or folder exists, may be used, and that the disk has room';
    return { message, hint, exitCode: 3, isBug: false };
  }
  const hint = 'this is a bug in distill: please report it with the lines below';
  return { message, hint, exitCode: 3, isBug: true };
}

/** One line on what is wrong, and one on what to do. */
export function errorLines({ message, hint }: Pick<ErrorReport, 'message' | 'hint'>): string {
  return visible(
    withoutSecrets(`error: ${message}\n${hint === undefined ? '' : `hint: ${hint}\n`}`),
  );
}

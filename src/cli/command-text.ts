/** Commands as text that a POSIX shell reads back as it was meant. */
import type { EvaluationRequest } from '../evaluation/index.ts';
import type { Wording } from '../report/index.ts';

/** A word as it is where a shell leaves it alone, else in single quotes. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;

/** Such as `8/255`: a budget exactly, and as short as it can be. */
function epsText(eps: number): string {
  const levels = Math.round(eps * 255);
  const decimal = String(eps);
  return decimal.length > 6 && levels / 255 === eps ? `${levels}/255` : decimal;
}

/** The options of `evaluate` that say which attacks are run. */
function attackWords(attacks: EvaluationRequest['attacks']): string[] {
  if ('preset' in attacks) return ['--preset', attacks.preset];
  const { names, losses, settings } = attacks;
  const words = ['--attacks', ...names];
  if (losses !== null) words.push('--loss', ...losses);
  if (settings.length > 0) {
    words.push(
      '--set',
      ...settings.map(
        ({ attack, option, values }) =>
          `${attack === null ? '' : `${attack}.`}${option}=${values.join(',')}`,
      ),
    );
  }
  return words;
}

/** The command with these arguments. */
export const commandLine = (words: readonly string[]): string =>
  ['distill', ...words].map(shellWord).join(' ');

/** What to type to go on after the command with these arguments was interrupted. */
export const resumeText = (words: readonly string[] = process.argv.slice(2)): string =>
  `go on with ${commandLine(words.includes('--resume') ? words : [...words, '--resume'])}`;

/** The command that makes the evaluation which a record asks for. */
export function evaluateCommand(request: EvaluationRequest): string {
  const { model, attacks, data, norm, eps, samples, seed, draws, levels, bpda } = request;
  const words = ['evaluate', '--model', model, ...attackWords(attacks)];
  if (data !== null) words.push('--data', data);
  words.push('--norm', norm);
  if (eps.length > 0) words.push('--eps', ...eps.map(epsText));
  words.push('--samples', String(samples), '--seed', String(seed));
  if (draws !== undefined) words.push('--eot', String(draws));
  if (levels !== undefined) words.push('--levels', String(levels));
  if (bpda !== undefined) words.push('--bpda', ...bpda);
  return commandLine(words);
}

/** The commands that a report names. */
export const WORDING: Wording = { commandText: evaluateCommand, commandLine };

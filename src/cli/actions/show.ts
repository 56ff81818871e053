/** `distill show`: one kept run in full. */
import { join } from 'node:path';
import { findRun } from '../../experiments/index.ts';
import { numberText } from '../../numbers.ts';
import { commandLine } from '../command-text.ts';
import type { ShowFlags } from '../commands/show.ts';
import { duration, Terminal } from '../terminal.ts';

type Value = string | number | boolean | null;

const valueText = (value: Value): string =>
  typeof value === 'number' && !Number.isInteger(value) ? numberText(value) : String(value);

/** A title, and below it names and values in two columns. */
function listText(title: string, values: Readonly<Record<string, Value>>): string[] {
  const entries = Object.entries(values);
  if (entries.length === 0) return [];
  const width = Math.max(...entries.map(([name]) => name.length));
  return [
    '',
    title,
    ...entries.map(([name, value]) => `  ${name.padEnd(width)}  ${valueText(value)}`),
  ];
}

export async function action(id: string, flags: ShowFlags): Promise<void> {
  const terminal = new Terminal(flags);
  const { folder, run } = await findRun(flags.runs, id);
  const { kind, startedAt, seconds, engine, outcome, program, command } = run;
  const lines = [
    `${run.id}: ${kind}, ${outcome}, began ${startedAt.slice(0, 19).replace('T', ' ')} UTC, took ${duration(seconds)}`,
    `${program} on ${engine.name} (${engine.instructionSet}), in ${folder}`,
    ...listText('Settings', run.configuration),
    ...listText('Metrics', run.metrics),
    ...listText('Digests', run.digests),
    '',
    'To repeat it',
    `  ${commandLine(command)}`,
  ];
  terminal.print(lines.join('\n'));
  if ('evaluation.json' in run.files) {
    terminal.next(commandLine(['report', '--from', join(folder, 'evaluation.json')]));
  }
  terminal.record({ folder, ...run });
}

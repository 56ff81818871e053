import type { Option } from 'commander';

/** An option in `--help`: what it is for, its choices, and its default as one would type it. */
export function optionHelp({ description, argChoices, defaultValue }: Option): string {
  const shown = [defaultValue].flat().filter((value) => value !== undefined && value !== true);
  const notes = [
    ...(argChoices ? [`choices: ${argChoices.join(', ')}`] : []),
    ...(shown.length > 0 ? [`default: ${shown.join(' ')}`] : []),
  ];
  return notes.length > 0 ? `${description} (${notes.join('; ')})` : description;
}

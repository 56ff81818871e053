import { ImportError } from './errors.ts';

/** Names that hold scores, best first, when a signature has several outputs. */
const SCORES = ['logits', 'probabilities', 'scores', 'output_0'];

/**
 * Picks the one output that holds the scores.
 * @throws ImportError when there are several and none is the obvious one
 */
export function chooseOutput(names: readonly string[], wanted: string | undefined): string {
  const name =
    wanted ?? (names.length === 1 ? names[0] : SCORES.find((score) => names.includes(score)));
  if (name !== undefined && names.includes(name)) return name;
  throw new ImportError(
    'bad-output',
    wanted === undefined
      ? `the model has ${names.length} outputs: ${names.join(', ')}`
      : `the model has no output "${wanted}", only ${names.join(', ')}`,
    'name the one with the logits',
  );
}

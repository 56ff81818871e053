/**
 * A search space whose results were recorded: accuracy of students on MNIST, one seed, by batch size,
 * learning rate, optimizer and noise. Between what was recorded it is interpolated, so that a search
 * can be tried thousands of times in a moment.
 */
import { readFileSync } from 'node:fs';
import type { Distribution, Scalar } from '../../src/experiments/distributions.ts';

const table: {
  readonly parameters: Readonly<Record<string, readonly (number | string)[]>>;
  readonly accuracy: readonly number[];
} = JSON.parse(readFileSync(new URL('./recorded-table.json', import.meta.url), 'utf8'));

const LOG = ['batch-size', 'learning-rate'];

/** The space, numbers as ranges between the ends of what was recorded. */
export const SPACE: Readonly<Record<string, Distribution>> = Object.fromEntries(
  Object.entries(table.parameters).map(([name, values]): [string, Distribution] => {
    const numbers = values.filter((value) => typeof value === 'number');
    if (numbers.length < values.length) return [name, { kind: 'choice', values }];
    const [min, max] = [Math.min(...numbers), Math.max(...numbers)];
    return [name, { kind: 'range', min, max, isLog: LOG.includes(name) }];
  }),
);

/** The two recorded values around one, each with its weight. */
function around(name: string, value: Scalar): [index: number, weight: number][] {
  const values = table.parameters[name];
  const place = (x: Scalar) => (LOG.includes(name) ? Math.log(Number(x)) : Number(x));
  if (typeof value !== 'number') return [[values.indexOf(String(value)), 1]];
  const above = Math.max(
    1,
    values.findIndex((one) => Number(one) >= value),
  );
  const [low, high] = [place(values[above - 1]), place(values[above])];
  const share = (place(value) - low) / (high - low);
  return [
    [above - 1, 1 - share],
    [above, share],
  ];
}

/** The accuracy at a point, in [0, 1]. */
export function recordedAccuracy(point: Readonly<Record<string, Scalar>>): number {
  const rows = Object.entries(table.parameters).reduce<[index: number, weight: number][]>(
    (found, [name, values]) =>
      found.flatMap(([index, weight]) =>
        around(name, point[name]).map(([own, share]): [number, number] => [
          index * values.length + own,
          weight * share,
        ]),
      ),
    [[0, 1]],
  );
  return rows.reduce((sum, [index, weight]) => sum + weight * table.accuracy[index], 0);
}

/** The largest accuracy that was recorded. */
export const LARGEST = Math.max(...table.accuracy);

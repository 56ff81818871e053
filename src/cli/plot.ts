import type { EvaluationRecord } from '../evaluation/index.ts';
import { answerLines } from '../report/index.ts';
import type { Terminal } from './terminal.ts';

/** A curve of a plot; `mark` is the character that it is drawn with. */
export interface Curve {
  readonly name: string;
  readonly mark: string;
  readonly color: 'red' | 'green' | 'blue';
  /** By rising x; y in [0, 1]. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const HEIGHT = 9;
/** Columns of the labels at the left. */
const LEFT = 7;

/** Height of a curve at `x`, straight between its points; undefined outside them. */
function heightAt(points: Curve['points'], x: number): number | undefined {
  const next = points.findIndex((point) => point.x >= x);
  if (next < 0) return undefined;
  const [before, after] = [points[Math.max(0, next - 1)], points[next]];
  if (after.x === x || before.x >= after.x) return after.x === x ? after.y : undefined;
  return before.y + ((x - before.x) / (after.x - before.x)) * (after.y - before.y);
}

/**
 * Curves from 0 to 100 % as lines of text, their names below. Where two meet, the first is seen.
 * @param width columns that a line may take
 */
export function plot(
  curves: readonly Curve[],
  xLabel: string,
  width: number,
  terminal: Pick<Terminal, 'color'>,
): string[] {
  const columns = Math.min(60, width - LEFT - 1);
  const furthest = Math.max(...curves.flatMap(({ points }) => points.map(({ x }) => x)));
  const grid = Array.from({ length: HEIGHT }, () => new Array<string>(columns).fill(' '));
  for (const { points, mark, color } of [...curves].reverse()) {
    for (let column = 0; column < columns; column++) {
      const y = heightAt(points, (column / (columns - 1)) * furthest);
      if (y === undefined) continue;
      grid[Math.round((1 - y) * (HEIGHT - 1))][column] = terminal.color[color](mark);
    }
  }
  const labels = new Map([
    [0, '100 %'],
    [(HEIGHT - 1) / 2, '50 %'],
    [HEIGHT - 1, '0 %'],
  ]);
  const rows = grid.map(
    (cells, i) => `${(labels.get(i) ?? '').padStart(LEFT - 1)} |${cells.join('').trimEnd()}`,
  );
  const end = String(Number(furthest.toPrecision(3)));
  const axis = `${' '.repeat(LEFT)}0${xLabel.padStart((columns + xLabel.length) >> 1).padEnd(columns - 1 - end.length)}${end}`;
  const keys = curves.map(({ name, mark, color }) => `${terminal.color[color](mark)} ${name}`);
  return [...rows, axis, ...keys.map((key) => `${' '.repeat(LEFT + 1)}${key}`)];
}

/**
 * The lines beside the answer: of the first and the primary model under all attacks, and of the primary
 * model under the naive one; no lines where nothing is known between two budgets.
 */
export function robustnessPlot(record: EvaluationRecord, terminal: Terminal): string[] {
  const found = answerLines(record);
  const drawn = (found?.lines ?? []).filter(({ points }) => points.length > 2);
  if (!found || drawn.length === 0) return [];
  const curves = [
    ...drawn.filter(({ kind, isPrimary }) => kind === 'naive' && isPrimary),
    ...drawn.filter(({ kind, isPrimary }) => kind === 'all' && isPrimary),
    ...drawn.filter(({ kind, isPrimary }) => kind === 'all' && !isPrimary),
  ].map(({ model, kind, isPrimary, attack, points }): Curve => {
    const [mark, color] = kind === 'naive' ? NAIVE_LOOK : isPrimary ? PRIMARY_LOOK : FIRST_LOOK;
    const by = kind === 'naive' ? `naive attack (${attack})` : 'worst case over all attacks';
    return {
      name: `${model}, ${by}`,
      mark,
      color,
      points: points.map(({ eps, share }) => ({ x: eps, y: share })),
    };
  });
  return plot(curves, `eps (${found.norm})`, terminal.width, terminal);
}

const NAIVE_LOOK = ['o', 'red'] as const;
const PRIMARY_LOOK = ['*', 'green'] as const;
const FIRST_LOOK = ['+', 'blue'] as const;

import { type EvaluationRecord, isFixedBudget } from '../evaluation/index.ts';
import { accuracyOnAttacked, mainBudget, primaryModel } from '../report/index.ts';
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
 * Accuracy over eps of the first and the primary model in the worst case, and of the primary model
 * under attacks with the softmax loss; no lines where the record has fewer than two budgets.
 */
export function robustnessPlot(record: EvaluationRecord, terminal: Terminal): string[] {
  const [first] = record.models;
  const primary = primaryModel(record);
  const main = mainBudget(record.attacks);
  if (!primary || !main) return [];
  const isNear = ({ norm, eps }: { norm: string; eps: number | null }) =>
    norm === main.norm && eps !== null && eps > 0 && eps <= main.eps;
  const clean = (model: typeof first) => {
    const attacks = record.attacks.filter(isNear);
    return { x: 0, y: accuracyOnAttacked(record, model, attacks).rate };
  };
  const byEps = (points: { x: number; y: number }[]) => points.sort((a, b) => a.x - b.x);
  const worst = (model: typeof first) => [
    clean(model),
    ...byEps(
      record.worstCases
        .filter((one) => one.model === model.name && isNear(one))
        .map(({ eps, rate }) => ({ x: eps, y: rate })),
    ),
  ];
  const naive = new Map<number, number>();
  for (const attack of record.attacks.filter(isFixedBudget)) {
    if (attack.model !== primary.name || attack.loss !== 'softmax' || !isNear(attack)) continue;
    naive.set(attack.eps, Math.min(naive.get(attack.eps) ?? 1, attack.robust.rate));
  }
  const curves: Curve[] = [
    {
      name: `${primary.name}, attacked with the softmax loss`,
      mark: 'o',
      color: 'red',
      points: [clean(primary), ...byEps(Array.from(naive, ([x, y]) => ({ x, y })))],
    },
    {
      name: `${primary.name}, worst case over all attacks`,
      mark: '*',
      color: 'green',
      points: worst(primary),
    },
    ...(first.name === primary.name
      ? []
      : [
          {
            name: `${first.name}, worst case over all attacks`,
            mark: '+',
            color: 'blue' as const,
            points: worst(first),
          },
        ]),
  ];
  const drawn = curves.filter(({ points }) => points.length > 2);
  if (drawn.length === 0) return [];
  return plot(drawn, `eps (${main.norm})`, terminal.width, terminal);
}

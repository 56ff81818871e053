import { type Markup, markup } from '../markup.ts';
import { at, type Chart, fitted, heading, MARGIN, px, type Scale, WIDTH } from './canvas.ts';
import type { Axis } from './lines.ts';

/** A line across all axes. */
export interface Strand {
  /** Where it crosses each axis, in the axis' own numbers. */
  readonly places: readonly number[];
  /** Drawn above the others and in color. */
  readonly isBest: boolean;
  readonly tip: string;
}

const PLOT_HEIGHT = 200;
/** The names of the axes stand below them, in two rows by turns. */
const NAMES = 40;

/** Parallel coordinates (Inselberg 1985): upright axes, and a line for each row of a table. */
export function parallelChart(
  title: string,
  description: string,
  axes: readonly Axis[],
  strands: readonly Strand[],
): Chart {
  const [top, bottom] = [MARGIN.top + 10, MARGIN.top + 10 + PLOT_HEIGHT];
  const [left, right] = [30, WIDTH - 40];
  const across = (i: number) => px(left + (i / Math.max(1, axes.length - 1)) * (right - left));
  const up = (axis: Axis): Scale => ({ domain: axis.domain, range: [bottom, top] });
  const uprights = axes.map((axis, i) => uprightAxis(axis, up(axis), across(i), i, bottom));
  const ordered = [...strands].sort((a, b) => Number(a.isBest) - Number(b.isBest));
  const lines = ordered.map(({ places, isBest, tip }) => {
    const path = places.map((place, i) => `${across(i)} ${at(up(axes[i]), place)}`).join('L');
    return markup`<path class="line s${isBest ? 2 : 6}" stroke-opacity="${isBest ? 0.9 : 0.35}" d="M${path}"><title>${tip}</title></path>`;
  });
  return {
    title,
    description,
    height: bottom + NAMES + 6,
    content: markup`${heading(title)}${lines}${uprights}`,
  };
}

function uprightAxis(axis: Axis, scale: Scale, x: number, index: number, bottom: number): Markup {
  const [end, start] = scale.range;
  const ticks = axis.ticks.map(
    ({ value, label }) =>
      markup`<text class="cell muted" x="${px(x + 3)}" y="${px(at(scale, value) + 3)}">${fitted(label, 60)}</text>`,
  );
  const y = bottom + 16 + (index % 2) * 16;
  return markup`<path class="axis" d="M${x} ${start}V${end}"/>${ticks}<text x="${x}" y="${y}" text-anchor="middle">${fitted(axis.label, 110)}</text>`;
}

import { type Markup, markup } from '../markup.ts';
import {
  at,
  bottomAxis,
  type Chart,
  FOOT,
  fitted,
  heading,
  MARGIN,
  px,
  type Scale,
  type Tick,
  WIDTH,
} from './canvas.ts';
import type { Hue } from './colors.ts';

export interface Bar {
  /** Where the bar begins and ends on the axis. */
  readonly from: number;
  readonly to: number;
  /** In [0, 1], of the row's total. */
  readonly share: number;
  /** It means something else than the others, such as exactly zero: another color, and a label. */
  readonly isSpecial?: boolean;
  readonly tip: string;
}

/** One histogram of a chart. */
export interface Histogram {
  readonly name: string;
  readonly hue: Hue;
  readonly bars: readonly Bar[];
}

/** A labeled line across all histograms of a chart. */
export interface Mark {
  readonly value: number;
  readonly label: string;
}

const ROW_HEIGHT = 64;
const ROW_GAP = 22;
const LEFT = 12;

/** Histograms below one another over one axis, each scaled to the tallest bar of all. */
export function histogramChart(
  title: string,
  description: string,
  axis: {
    readonly label: string;
    readonly domain: readonly [number, number];
    readonly ticks: readonly Tick[];
  },
  rows: readonly Histogram[],
  marks: readonly Mark[] = [],
): Chart {
  const across: Scale = { domain: axis.domain, range: [LEFT, WIDTH - MARGIN.right] };
  const tallest = Math.max(1e-9, ...rows.flatMap(({ bars }) => bars.map(({ share }) => share)));
  const top = MARGIN.top + (marks.length > 0 ? 16 : 0);
  const bottom = top + rows.length * (ROW_HEIGHT + ROW_GAP);
  const content = rows.map((row, i) => {
    const base = top + (i + 1) * (ROW_HEIGHT + ROW_GAP);
    return markup`<text x="${LEFT}" y="${px(base - ROW_HEIGHT - 6)}">${fitted(row.name, WIDTH / 2)}</text>${row.bars.map((bar) => barMarkup(bar, row.hue, base, tallest, across))}<path class="grid" d="M${LEFT} ${base}H${WIDTH - MARGIN.right}"/>`;
  });
  const lines = marks.map(
    ({ value, label }) =>
      markup`<path class="axis" stroke-dasharray="3 3" d="M${at(across, value)} ${top}V${bottom}"/><text class="muted" x="${at(across, value)}" y="${top - 4}" text-anchor="middle">${label}</text>`,
  );
  return {
    title,
    description,
    height: bottom + FOOT,
    content: markup`${heading(title)}${content}${lines}${bottomAxis(across, bottom, axis.ticks, axis.label)}`,
  };
}

function barMarkup(bar: Bar, hue: Hue, base: number, tallest: number, across: Scale): Markup {
  if (bar.share === 0) return markup``;
  const height = Math.max(1.5, (bar.share / tallest) * ROW_HEIGHT);
  const left = at(across, bar.from);
  const width = at(across, bar.to) - left - 0.5;
  const share = `${(100 * bar.share).toFixed(0)} %`;
  // The label of a special bar begins where the bar does: it stands at the left edge.
  const label = bar.isSpecial
    ? markup`<text x="${px(left + width + 4)}" y="${px(base - height + 10)}">${share}</text>`
    : markup``;
  return markup`<rect class="fill s${bar.isSpecial ? 2 : hue}" x="${left}" y="${px(base - height)}" width="${px(width)}" height="${px(height)}"><title>${bar.tip}</title></rect>${label}`;
}

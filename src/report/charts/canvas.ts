/**
 * The pieces that every chart is made of. Charts are plain SVG whose colors are classes: the page
 * gives them the colors of its theme, a chart in a file carries those of the light one.
 *
 * Drawn by hand because the four kinds needed here take fewer lines than a library's set-up, load
 * in no time, and come out the same to the byte.
 */
import { Markup, markup } from '../markup.ts';
import { type Hue, LIGHT } from './colors.ts';

/** Small enough for a phone at its natural size; wide screens show several side by side. */
export const WIDTH = 340;
export const MARGIN = { left: 50, right: 12, top: 30 } as const;
/** Height of the tick labels and the axis title below a plot. */
export const FOOT = 40;
const FONT_SIZE = 12;

/** The light theme for charts that stand alone; `page.css` has the same rules with variables. */
const CHART_STYLE = [
  'text{font:12px "DejaVu Sans",Verdana,sans-serif;fill:#24292f}',
  '.title{font-weight:bold}',
  '.cell{font-size:10px}',
  '.muted{fill:#57606a}',
  '.grid{stroke:#d8dee4;fill:none}',
  '.axis{stroke:#57606a;fill:none}',
  '.paper{fill:#fff}',
  '.on-dark{fill:#fff}',
  ...Object.entries(LIGHT).flatMap(([hue, color]) => [
    `.line.s${hue}{stroke:${color};fill:none;stroke-width:2}`,
    `.band.s${hue}{fill:${color};fill-opacity:.15}`,
    `.fill.s${hue}{fill:${color}}`,
  ]),
].join('');

/** A coordinate in hundredths of a pixel, without trailing zeros. */
export const px = (value: number): number => Number(value.toFixed(2));

/** About how wide a text is drawn, in pixels. */
const textWidth = (text: string): number => text.length * FONT_SIZE * 0.58;

/** A text cut to a width, the cut shown by an ellipsis. */
export function fitted(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  return `${text.slice(0, Math.max(1, Math.floor(width / (FONT_SIZE * 0.58)) - 1))}…`;
}

/** A chart: its picture, and a description for readers who cannot see it. */
export interface Chart {
  readonly title: string;
  /** What is drawn, in a sentence. */
  readonly description: string;
  /** Without the legend. */
  readonly height: number;
  readonly content: Markup;
  /** Of the legend below it; absent: there is none. */
  readonly keys?: readonly Key[];
}

/** A chart with its legend. */
function withLegend({ height, content, keys = [] }: Chart): Pick<Chart, 'height' | 'content'> {
  const below = legend(keys, height);
  return { height: height + below.height, content: markup`${content}${below.content}` };
}

/** The chart as it stands in a page; its legend may be one that several charts share. */
export function inlineSvg(chart: Chart, hasLegend = true): Markup {
  const { title, description } = chart;
  const { height, content } = hasLegend ? withLegend(chart) : chart;
  return markup`<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${title}: ${description}">${content}</svg>`;
}

/** The chart as a file of its own. */
export function standaloneSvg(chart: Chart): string {
  const { title, description } = chart;
  const { height, content } = withLegend(chart);
  return markup`<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img"><title>${title}</title><desc>${description}</desc><style>${new Markup(CHART_STYLE)}</style><rect class="paper" width="${WIDTH}" height="${height}"/>${content}</svg>
`.text;
}

/** Where a range of values lies on a range of pixels. */
export interface Scale {
  readonly domain: readonly [number, number];
  /** In pixels: where the two ends of the domain are. */
  readonly range: readonly [number, number];
}

export function at({ domain: [d0, d1], range: [r0, r1] }: Scale, value: number): number {
  return px(d1 === d0 ? r0 : r0 + ((value - d0) / (d1 - d0)) * (r1 - r0));
}

/** Round numbers from `low` to `high`, about `count` of them. */
export function ticksOf(low: number, high: number, count = 5): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** In the middle, but inside the chart: the outermost labels may have to move. */
function anchorOf({ value, label }: Tick, scale: Scale): 'start' | 'middle' | 'end' {
  const half = textWidth(label) / 2;
  if (at(scale, value) < half) return 'start';
  return at(scale, value) + half > WIDTH ? 'end' : 'middle';
}

/** Between two labels, in pixels. */
const LABEL_GAP = 6;

/** The ticks whose labels stay clear of the one before. */
function apart(ticks: readonly Tick[], scale: Scale): Tick[] {
  let end = Number.NEGATIVE_INFINITY;
  return ticks.filter((tick) => {
    const width = textWidth(tick.label);
    const before = { start: 0, middle: width / 2, end: width }[anchorOf(tick, scale)];
    const left = at(scale, tick.value) - before;
    if (left < end + LABEL_GAP) return false;
    end = left + width;
    return true;
  });
}

/** Labels below a plot, as many as have room, and the axis' name below them. */
export function bottomAxis(scale: Scale, y: number, ticks: readonly Tick[], label: string): Markup {
  const middle = (scale.range[0] + scale.range[1]) / 2;
  return markup`<path class="axis" d="M${scale.range[0]} ${px(y)}H${scale.range[1]}"/>${apart(
    ticks,
    scale,
  ).map(
    (tick) =>
      markup`<text class="muted" x="${at(scale, tick.value)}" y="${px(y + 15)}" text-anchor="${anchorOf(tick, scale)}">${tick.label}</text>`,
  )}<text class="muted" x="${px(middle)}" y="${px(y + 32)}" text-anchor="middle">${label}</text>`;
}

/** Labels left of a plot, with a line across it at each. */
export function leftAxis(scale: Scale, ticks: readonly Tick[], right: number): Markup {
  return markup`${ticks.map(({ value, label }) => {
    const y = at(scale, value);
    return markup`<path class="grid" d="M${MARGIN.left} ${y}H${px(right)}"/><text class="muted" x="${MARGIN.left - 6}" y="${px(y + 4)}" text-anchor="end">${label}</text>`;
  })}`;
}

/** The chart's name, above the plot. */
export function heading(title: string): Markup {
  return markup`<text class="title" x="8" y="18">${fitted(title, WIDTH - 16)}</text>`;
}

/** What a color and a dash mean. */
export interface Key {
  readonly name: string;
  readonly hue: Hue;
  /** `stroke-dasharray`; absent: unbroken. */
  readonly dash?: string;
}

const KEY_LINE = 18;

/** The keys in rows below a chart, from `y` on; and how high they are. */
function legend(keys: readonly Key[], y: number): { content: Markup; height: number } {
  let x = 8;
  let row = 0;
  const content = keys.map(({ name, hue, dash }) => {
    const text = fitted(name, WIDTH - 60);
    const width = 24 + textWidth(text) + 14;
    if (x > 8 && x + width > WIDTH) {
      x = 8;
      row++;
    }
    const top = y + row * KEY_LINE + 10;
    const item = markup`<path class="line s${hue}" d="M${px(x)} ${px(top)}h18"${dashed(dash)}/><text x="${px(x + 24)}" y="${px(top + 4)}">${text}</text>`;
    x += width;
    return item;
  });
  return { content: markup`${content}`, height: keys.length === 0 ? 0 : (row + 1) * KEY_LINE + 6 };
}

export const dashed = (dash: string | undefined): Markup =>
  dash === undefined ? markup`` : markup` stroke-dasharray="${dash}"`;

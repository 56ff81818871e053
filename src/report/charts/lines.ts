import { type Markup, markup } from '../markup.ts';
import {
  at,
  bottomAxis,
  type Chart,
  dashed,
  FOOT,
  heading,
  type Key,
  leftAxis,
  MARGIN,
  px,
  type Scale,
  type Tick,
  WIDTH,
} from './canvas.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Ends of the interval around `y`. */
  readonly low?: number;
  readonly high?: number;
  /** Shown when the pointer is on the point; empty for none. */
  readonly tip: string;
}

/** A series, without a key where its name is empty; `isStepped` ones keep their value until the next point, `isDots` ones have no line. */
export interface Line extends Key {
  readonly points: readonly Point[];
  readonly isStepped?: boolean;
  readonly isDots?: boolean;
}

export interface Axis {
  readonly label: string;
  readonly domain: readonly [number, number];
  readonly ticks: readonly Tick[];
}

const PLOT_HEIGHT = 180;

function path(points: readonly { x: number; y: number }[], isStepped = false): string {
  return points
    .map(({ x, y }, i) => {
      if (i === 0) return `M${x} ${y}`;
      return isStepped ? `H${x}V${y}` : `L${x} ${y}`;
    })
    .join('');
}

const keyOf = ({ name, hue, dash }: Key): Key => ({ name, hue, ...(dash && { dash }) });

/** Lines over a number, with bands for their intervals. */
export function lineChart(
  title: string,
  description: string,
  x: Axis,
  y: Axis,
  lines: readonly Line[],
): Chart {
  const bottom = MARGIN.top + PLOT_HEIGHT;
  const across: Scale = { domain: x.domain, range: [MARGIN.left, WIDTH - MARGIN.right] };
  const up: Scale = { domain: y.domain, range: [bottom, MARGIN.top] };
  return {
    title,
    description,
    height: bottom + FOOT,
    content: markup`${heading(title)}${leftAxis(up, y.ticks, WIDTH - MARGIN.right)}${bottomAxis(across, bottom, x.ticks, x.label)}${lines.filter(({ isDots }) => !isDots).map((line) => band(line, across, up))}${lines.map((line) => curve(line, across, up))}`,
    keys: lines.filter(({ name }) => name !== '').map(keyOf),
  };
}

function band({ points, hue }: Line, across: Scale, up: Scale): Markup {
  const ends = points.filter(({ low, high }) => low !== undefined && high !== undefined);
  if (ends.length < 2) return markup``;
  const upper = ends.map((point) => ({ x: at(across, point.x), y: at(up, point.high as number) }));
  const lower = ends.map((point) => ({ x: at(across, point.x), y: at(up, point.low as number) }));
  const outline = path([...upper, ...lower.reverse()]);
  return markup`<path class="band s${hue}" d="${outline}Z"/>`;
}

/** The intervals of points that have no line. */
function whiskers({ points, hue }: Line, across: Scale, up: Scale): Markup {
  const ends = points.filter(({ low, high }) => low !== undefined && high !== undefined);
  return markup`${ends.map(
    ({ x, low = 0, high = 0 }) =>
      markup`<path class="line s${hue}" d="M${at(across, x)} ${at(up, low)}V${at(up, high)}"/>`,
  )}`;
}

/** Points are drawn while there are few enough of them to be told apart. */
const MOST_DOTS = 16;

function curve(whole: Line, across: Scale, up: Scale): Markup {
  const { points, hue, dash, isStepped, isDots } = whole;
  const places = points.map((point) => ({ ...point, x: at(across, point.x), y: at(up, point.y) }));
  const line = isDots
    ? whiskers(whole, across, up)
    : markup`<path class="line s${hue}" d="${path(places, isStepped)}"${dashed(dash)}/>`;
  if (places.length > MOST_DOTS && !isDots) return line;
  const dots = places.map(
    (place) =>
      markup`<circle class="fill s${hue}" cx="${px(place.x)}" cy="${px(place.y)}" r="3.5"><title>${place.tip}</title></circle>`,
  );
  return markup`${line}${dots}`;
}

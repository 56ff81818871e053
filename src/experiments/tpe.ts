/**
 * Tree-structured Parzen estimator: the next point is one that is likely among the best points so far
 * and unlikely among the others.
 *
 * Papers: Bergstra et al. 2011; Watanabe 2023, whose notation and usual settings are used (those of
 * Optuna: 10 random points first, the best tenth as the good ones, 24 candidates, a uniform prior that
 * weighs as much as one point). Each parameter has a density of its own.
 */
import type { RandomStream } from '../engine/index.ts';
import {
  type Choice,
  type Distribution,
  fromUnit,
  type Range,
  type Scalar,
  sample,
  toUnit,
} from './distributions.ts';

/** A point with what it came to. */
export interface Observation {
  readonly point: Readonly<Record<string, Scalar>>;
  /** Larger is better; `-Infinity` where training diverged. */
  readonly value: number;
}

/** Points before there is enough to learn from. */
const RANDOM_POINTS = 10;
/** Of all points, how many are the good ones; and the most that are. */
const GOOD_SHARE = 0.1;
const MOST_GOOD = 25;
/** Drawn from the density of the good points; the best of them is taken. */
const CANDIDATES = 24;
/** Draws of a whole point until one is new: to try one again says nothing. */
const MOST_DRAWS = 20;

/** How likely the values of a parameter are. */
interface Density {
  draw(stream: RandomStream): Scalar;
  logAt(value: Scalar): number;
}

/**
 * A mixture with a part for each value that was seen, which gives its choice most and all others a
 * little, the less the more were seen; and one even part as the prior.
 */
function choiceDensity({ values }: Choice, seen: readonly Scalar[]): Density {
  const parts = seen.length + 1;
  const spread = 1 / parts;
  const total = 1 + values.length * spread;
  const weights = values.map((value) => {
    const count = seen.filter((one) => one === value).length;
    return (count + seen.length * spread) / (total * parts) + 1 / (values.length * parts);
  });
  return {
    draw(stream) {
      let rest = stream.uniform();
      const index = weights.findIndex((weight) => (rest -= weight) < 0);
      return values[index < 0 ? values.length - 1 : index];
    },
    logAt: (value) => Math.log(weights[values.indexOf(value)] ?? 0),
  };
}

/** The standard normal distribution function (Abramowitz & Stegun 7.1.26; error below 2e-7). */
function normalBelow(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = (series * Math.exp(-x * x)) / 2;
  return z > 0 ? 1 - tail : tail;
}

/** A bell on [0, 1]. */
interface Kernel {
  readonly center: number;
  readonly width: number;
}

/**
 * A bell around each value, as wide as the farther of its two neighbors is away, but no narrower than
 * the number of values allows; and one wide bell as the prior.
 */
function kernelsOf(units: readonly number[]): Kernel[] {
  const centers = [...units, 0.5].sort((a, b) => a - b);
  const least = 1 / Math.min(100, 1 + centers.length);
  const kernels = centers.map((center, i) => {
    const gaps = [centers[i - 1], centers[i + 1]].flatMap((other) =>
      other === undefined ? [] : [Math.abs(center - other)],
    );
    return { center, width: Math.min(1, Math.max(least, ...gaps)) };
  });
  const prior = kernels.findIndex(({ center }) => center === 0.5);
  return kernels.map((kernel, i) => (i === prior ? { center: 0.5, width: 1 } : kernel));
}

function rangeDensity(range: Range, seen: readonly Scalar[]): Density {
  const kernels = kernelsOf(seen.map((value) => toUnit(range, Number(value))));
  const masses = kernels.map(
    ({ center, width }) => normalBelow((1 - center) / width) - normalBelow(-center / width),
  );
  return {
    draw(stream) {
      const { center, width } = kernels[stream.integer(kernels.length)];
      for (;;) {
        const unit = center + width * stream.normal();
        if (unit >= 0 && unit <= 1) return fromUnit(range, unit);
      }
    },
    logAt(value) {
      const unit = toUnit(range, Number(value));
      const sum = kernels.reduce((total, { center, width }, i) => {
        const z = (unit - center) / width;
        return total + Math.exp(-0.5 * z * z) / (width * masses[i]);
      }, 0);
      return Math.log(sum / (kernels.length * Math.sqrt(2 * Math.PI)));
    },
  };
}

const densityOf = (distribution: Distribution, seen: readonly Scalar[]): Density =>
  distribution.kind === 'choice'
    ? choiceDensity(distribution, seen)
    : rangeDensity(distribution, seen);

/** The value of one parameter that the good points speak for most. */
function chosenValue(
  distribution: Distribution,
  good: readonly Scalar[],
  bad: readonly Scalar[],
  stream: RandomStream,
): Scalar {
  const [likely, unlikely] = [densityOf(distribution, good), densityOf(distribution, bad)];
  let best: { value: Scalar; score: number } | undefined;
  for (let i = 0; i < CANDIDATES; i++) {
    const value = likely.draw(stream);
    const score = likely.logAt(value) - unlikely.logAt(value);
    if (best === undefined || score > best.score) best = { value, score };
  }
  return best?.value ?? sample(distribution, stream);
}

/**
 * The point to try next, given those that were tried.
 * @param stream of this point alone: the same observations and stream give the same point
 */
export function tpePoint(
  parameters: Readonly<Record<string, Distribution>>,
  observations: readonly Observation[],
  stream: RandomStream,
): Readonly<Record<string, Scalar>> {
  const ranked = [...observations].sort((a, b) => (a.value === b.value ? 0 : b.value - a.value));
  const count = Math.min(MOST_GOOD, Math.ceil(GOOD_SHARE * ranked.length));
  const [good, bad] = [ranked.slice(0, count), ranked.slice(count)];
  const tried = new Set(observations.map(({ point }) => JSON.stringify(point)));
  const drawn = (draw: number) =>
    Object.fromEntries(
      Object.entries(parameters).map(([name, distribution]): [string, Scalar] => {
        const own = stream.child(`${draw}/${name}`);
        const seen = (of: readonly Observation[]) => of.map(({ point }) => point[name]);
        const isEarly = observations.length < RANDOM_POINTS;
        return [
          name,
          isEarly
            ? sample(distribution, own)
            : chosenValue(distribution, seen(good), seen(bad), own),
        ];
      }),
    );
  for (let draw = 0; draw < MOST_DRAWS; draw++) {
    const point = drawn(draw);
    if (!tried.has(JSON.stringify(point))) return point;
  }
  return drawn(MOST_DRAWS);
}

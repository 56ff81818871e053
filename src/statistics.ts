/**
 * Intervals and tests for rates, in float64. Pure functions of counts.
 *
 * Papers: Wilson 1927; Clopper & Pearson 1934; McNemar 1947 (here in its exact, binomial form);
 * Wichura 1988 (algorithm AS 241); Holm 1979; Bonett & Price 2012 (intervals of paired differences); Conover 1999 (of a median).
 */

/** A 95 % interval of a rate, in [0, 1]. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** 97.5 % quantile of the standard normal distribution. */
const Z_95 = 1.959963984540054;
/** Accuracy of the quantile search; far below what an interval is printed with. */
const QUANTILE_HALVINGS = 60;
const FRACTION_STEPS = 1000;

function checkCounts(hits: number, total: number): void {
  if (Number.isSafeInteger(hits) && Number.isSafeInteger(total) && 0 <= hits && hits <= total)
    return;
  throw new RangeError(`counts are integers with 0 <= hits <= total, not ${hits} of ${total}`);
}

/**
 * Wilson's 95 % score interval of `hits` out of `total`: the one tables print. Of no trials at all
 * it says [0, 1].
 * @throws RangeError unless 0 <= hits <= total, integers
 */
export function wilson(hits: number, total: number): Interval {
  checkCounts(hits, total);
  if (total === 0) return { low: 0, high: 1 };
  const rate = hits / total;
  const z2 = Z_95 * Z_95;
  const center = (rate + z2 / (2 * total)) / (1 + z2 / total);
  const half =
    (Z_95 * Math.sqrt((rate * (1 - rate)) / total + z2 / (4 * total * total))) / (1 + z2 / total);
  return {
    low: hits === 0 ? 0 : Math.max(0, center - half),
    high: hits === total ? 1 : Math.min(1, center + half),
  };
}

/**
 * Clopper and Pearson's exact 95 % interval: never covers less than it says, so gates that must
 * not be too optimistic use it.
 * @throws RangeError unless 0 <= hits <= total, integers
 */
export function clopperPearson(hits: number, total: number): Interval {
  checkCounts(hits, total);
  return {
    low: hits === 0 ? 0 : betaQuantile(0.025, hits, total - hits + 1),
    high: hits === total ? 1 : betaQuantile(0.975, hits + 1, total - hits),
  };
}

/**
 * Clopper and Pearson's exact lower bound of a rate: above the true one with a probability of at most
 * `alpha`.
 * @param alpha in (0, 1)
 * @throws RangeError unless 0 <= hits <= total, integers
 */
export function lowerBoundOfRate(hits: number, total: number, alpha: number): number {
  checkCounts(hits, total);
  return hits === 0 ? 0 : betaQuantile(alpha, hits, total - hits + 1);
}

/**
 * The x below which a standard normal number lies with the given probability, to 1e-15 of itself
 * (AS 241).
 * @param probability in [0, 1]
 */
export function normalQuantile(probability: number): number {
  const fromMiddle = probability - 0.5;
  if (Math.abs(fromMiddle) <= 0.425) {
    return fromMiddle * ratio(CENTER, 0.180625 - fromMiddle * fromMiddle);
  }
  const r = Math.sqrt(-Math.log(Math.min(probability, 1 - probability)));
  if (r === Number.POSITIVE_INFINITY) return Math.sign(fromMiddle) * r;
  return Math.sign(fromMiddle) * (r <= 5 ? ratio(SHOULDER, r - 1.6) : ratio(FAR_TAIL, r - 5));
}

type Coefficients = readonly [numerator: readonly number[], denominator: readonly number[]];

// Wichura's coefficients, from the constant term on.
const CENTER: Coefficients = [
  [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946,
    45921.95393154987, 67265.7709270087, 33430.57558358813, 2509.0809287301227,
  ],
  [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597,
    39307.89580009271, 28729.085735721943, 5226.495278852854,
  ],
];
const SHOULDER: Coefficients = [
  [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045,
    1.2704582524523684, 0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008,
    0.015198666563616457, 0.0005475938084995345, 1.0507500716444169e-9,
  ],
];
const FAR_TAIL: Coefficients = [
  [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487,
    0.026532189526576124, 0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
    1.8463183175100548e-5, 1.421511758316446e-7, 2.0442631033899397e-15,
  ],
];

function ratio([top, bottom]: Coefficients, x: number): number {
  const [numerator, denominator] = [top, bottom].map((coefficients) =>
    coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0),
  );
  return numerator / denominator;
}

/**
 * McNemar's exact test of two models on the same examples.
 * @param onlyFirst examples that only the first model got right
 * @param onlySecond examples that only the second model got right
 * @returns the two-sided p-value, in [0, 1]
 */
export function mcnemar(onlyFirst: number, onlySecond: number): number {
  const trials = onlyFirst + onlySecond;
  checkCounts(onlyFirst, trials);
  const fewer = Math.min(onlyFirst, onlySecond);
  let tail = 0;
  for (let k = 0; k <= fewer; k++) {
    tail += Math.exp(logChoose(trials, k) - trials * Math.LN2);
  }
  return Math.min(1, 2 * tail);
}

/**
 * Holm's step-down correction: with these p-values, the chance that any true null hypothesis of
 * the family is rejected at 5 % stays below 5 %.
 * @returns the corrected p-values, in the order given
 */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const corrected = new Array<number>(values.length);
  let largest = 0;
  order.forEach((i, rank) => {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * values[i]));
    corrected[i] = largest;
  });
  return corrected;
}

/**
 * Bonett and Price's 95 % interval of the difference between two rates on the same examples.
 * @param onlyFirst examples that count for the first rate alone, `onlySecond` for the second alone
 * @returns of first minus second, in [-1, 1]
 */
export function pairedDifference(onlyFirst: number, onlySecond: number, total: number): Interval {
  checkCounts(onlyFirst + onlySecond, total);
  const [p, q] = [(onlyFirst + 1) / (total + 2), (onlySecond + 1) / (total + 2)];
  const half = Z_95 * Math.sqrt((p + q - (p - q) ** 2) / (total + 2));
  return { low: Math.max(-1, p - q - half), high: Math.min(1, p - q + half) };
}

/**
 * Ranks between which the median of a distribution lies with 95 % confidence, whatever that
 * distribution is: ranks in a sorted sample of `total`, from 0. For fewer than six values there
 * are none, and the ends are the sample's.
 */
export function medianRanks(total: number): Interval {
  let below = 0;
  let rank = 0;
  for (; rank < total >> 1; rank++) {
    below += Math.exp(logChoose(total, rank) - total * Math.LN2);
    if (below > 0.025) break;
  }
  const low = Math.max(0, rank - 1);
  return { low, high: Math.max(low, total - 1 - low) };
}

function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
}

/** Lanczos' approximation (g = 7, 9 terms), relative error about 1e-15 for x >= 0.5. */
function logGamma(x: number): number {
  const terms = [
    0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.3234287776531,
    -176.6150291621406, 12.507343278686905, -0.13857109526572012, 9.984369578019572e-6,
    1.5056327351493116e-7,
  ];
  let series = terms[0];
  for (let i = 1; i < terms.length; i++) series += terms[i] / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}

/** Regularized incomplete beta function I_x(a, b), by Lentz's continued fraction. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast below the mean; above it, use the mirror image.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
  );
  const tiny = 1e-300;
  let c = 1;
  let d = 1 / Math.max(1 - ((a + b) * x) / (a + 1), tiny);
  let fraction = d;
  for (let m = 1; m <= FRACTION_STEPS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d || tiny);
    c = 1 + even / c || tiny;
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d || tiny);
    c = 1 + odd / c || tiny;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return (front * fraction) / a;
}

/** The x at which I_x(a, b) is `probability`. */
function betaQuantile(probability: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < QUANTILE_HALVINGS; step++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

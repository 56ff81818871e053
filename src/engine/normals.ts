/**
 * Normal numbers in bulk: Marsaglia & Tsang 2000, "The Ziggurat Method for Generating Random
 * Variables", with 256 layers and one 32-bit word for nearly every number. Several times as fast as
 * Box-Muller, and without a logarithm or a cosine, which machines round differently, in 99 of 100 draws.
 */

const LAYERS = 256;
/** Where the tail begins, and the area of every layer, for 256 layers (Marsaglia & Tsang 2000). */
const TAIL = 3.6541528853610088;
const AREA = 0.00492867323399;

const density = (x: number) => Math.exp(-0.5 * x * x);

/** Right ends of the layers, from the lowest one, which stands for the tail too, to 0 at the top. */
const ENDS = layerEnds();
/** The density at each end. */
const HEIGHTS = ENDS.map(density);

function layerEnds(): Float64Array {
  const ends = new Float64Array(LAYERS + 1);
  ends[0] = AREA / density(TAIL);
  ends[1] = TAIL;
  for (let i = 2; i < LAYERS; i++) {
    ends[i] = Math.sqrt(-2 * Math.log(AREA / ends[i - 1] + density(ends[i - 1])));
  }
  return ends;
}

/** Uniform in (-1, 1) of a word's upper 24 bits; never 0, and as often below it as above. */
const signed = (word: number) => ((word >>> 8) + 0.5) * 2 ** -23 - 1;
/** Uniform in (0, 1). */
const unit = (word: number) => (word + 0.5) * 2 ** -32;

/**
 * A standard normal number from uniform 32-bit words.
 * @param word the first of them, which is enough for 99 numbers of 100
 * @param next gives the next word
 */
export function normalFrom(word: number, next: () => number): number {
  for (;;) {
    const layer = word & (LAYERS - 1);
    const x = signed(word) * ENDS[layer];
    if (Math.abs(x) < ENDS[layer + 1]) return x;
    if (layer === 0) return Math.sign(x) * tailFrom(next);
    const height = HEIGHTS[layer] + unit(next()) * (HEIGHTS[layer + 1] - HEIGHTS[layer]);
    if (height < density(x)) return x;
    word = next();
  }
}

/** A normal number above `TAIL` (Marsaglia 1964). */
function tailFrom(next: () => number): number {
  for (;;) {
    const x = -Math.log(unit(next())) / TAIL;
    if (-2 * Math.log(unit(next())) > x * x) return TAIL + x;
  }
}

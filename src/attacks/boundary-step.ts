/**
 * The step that Brendel & Bethge's attack takes: the one that leads nearest to the original among
 * those that stay in the pixel range and in a trust region and do not cross the boundary, taken to be
 * the plane of the margin's gradient.
 *
 *   minimize |point + step - original|_norm
 *   where 0 <= point + step <= 1, |step|_2 <= radius, slope . step >= gain
 *
 * Solved by its Lagrangian: with a multiplier for the plane and one for the trust region, every pixel
 * has a step of its own in closed form, and both constraints grow with their multipliers, so two
 * nested bisections find them. In Linf the distance itself takes the place of the second multiplier.
 */
import type { Norm } from './types.ts';

/** How often a multiplier that is too small is made four times as large, and halvings after that. */
const GROWTHS = 40;
const OUTER_HALVINGS = 16;
const INNER_HALVINGS = 20;
/** With less weight on the trust region, L1 and L0 leave a pixel's step open between its limits. */
const LEAST_TRUST = 0.03;

/** A point, where it came from, and the plane that stands for the boundary. */
export interface BoundaryProblem {
  readonly norm: Norm;
  readonly original: Float32Array;
  readonly point: Float32Array;
  /** Gradient of the margin at the point. */
  readonly slope: Float32Array;
  /** By how much the margin must grow, by the linear model; negative where it may shrink. */
  readonly gain: number;
  /** L2 length of the trust region, above 0. */
  readonly radius: number;
}

const clip = (value: number, low: number, high: number): number =>
  value < low ? low : value > high ? high : value;

/**
 * The least number from 0 up for which `isEnough`, which holds from some number on; undefined where
 * it holds for none that was tried. Its last call is for the number returned.
 */
function least(
  isEnough: (value: number) => boolean,
  first: number,
  halvings: number,
): number | undefined {
  if (isEnough(0)) return 0;
  let low = 0;
  let high = first;
  for (let growth = 0; !isEnough(high); growth++) {
    if (growth === GROWTHS) return undefined;
    low = high;
    high *= 4;
  }
  for (let halving = 0; halving < halvings; halving++) {
    const middle = (low + high) / 2;
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  isEnough(high);
  return high;
}

/** The step of one problem as its multipliers change. */
class BoundaryStep {
  readonly step: Float64Array;
  readonly #problem: BoundaryProblem;
  /** The way back to the original, and how far each pixel may move down and up. */
  readonly #back: Float64Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;

  constructor(problem: BoundaryProblem) {
    const { original, point } = problem;
    this.#problem = problem;
    this.step = new Float64Array(point.length);
    this.#back = Float64Array.from(point, (value, i) => original[i] - value);
    this.#low = Float64Array.from(point, (value) => -value);
    this.#high = Float64Array.from(point, (value) => 1 - value);
  }

  get isShort(): boolean {
    const { radius } = this.#problem;
    return this.step.reduce((sum, own) => sum + own * own, 0) <= radius * radius;
  }

  /**
   * Makes the step that leads nearest to the original with this weight of the trust region and the
   * least weight of the plane that gains enough. Whether one does, within the trust region.
   */
  solve(weight: number, firstPlane: number): boolean {
    const { norm, slope, gain } = this.#problem;
    const move = norm === 'Linf' ? this.#moveInLinf : norm === 'L2' ? this.#moveInL2 : this.#move;
    const gainsEnough = (plane: number) => {
      move.call(this, weight, plane);
      let gained = 0;
      for (let i = 0; i < slope.length; i++) gained += slope[i] * this.step[i];
      return gained >= gain;
    };
    return least(gainsEnough, firstPlane, INNER_HALVINGS) !== undefined && this.isShort;
  }

  /** Here the weight is how far the point may be from the original. */
  #moveInLinf(away: number, plane: number): void {
    const { slope } = this.#problem;
    for (let i = 0; i < slope.length; i++) {
      const back = this.#back[i];
      const low = Math.max(this.#low[i], back - away);
      this.step[i] = clip(plane * slope[i], low, Math.min(this.#high[i], back + away));
    }
  }

  #moveInL2(trust: number, plane: number): void {
    const { slope } = this.#problem;
    for (let i = 0; i < slope.length; i++) {
      const free = (this.#back[i] + plane * slope[i]) / (1 + trust);
      this.step[i] = clip(free, this.#low[i], this.#high[i]);
    }
  }

  /** In L1, beyond the original or short of it, where the forces balance; in L0, back or anywhere. */
  #move(weight: number, plane: number): void {
    const { norm, slope } = this.#problem;
    const trust = LEAST_TRUST + weight;
    for (let i = 0; i < slope.length; i++) {
      const back = this.#back[i];
      const pull = plane * slope[i];
      if (norm === 'L1') {
        const above = (pull - 1) / trust;
        const below = (pull + 1) / trust;
        const free = above > back ? above : below < back ? below : back;
        this.step[i] = clip(free, this.#low[i], this.#high[i]);
        continue;
      }
      const free = clip(pull / trust, this.#low[i], this.#high[i]);
      const saved = (trust / 2) * (back * back - free * free) - pull * (back - free);
      this.step[i] = saved <= 1 ? back : free;
    }
  }

  /** The longest way toward the plane that the trust region allows. */
  towardPlane(plane: number): void {
    const { slope } = this.#problem;
    for (let i = 0; i < slope.length; i++) {
      this.step[i] = clip(plane * slope[i], this.#low[i], this.#high[i]);
    }
  }
}

/**
 * The step, `[features]` in float64. Where no step of the trust region reaches the plane: the
 * longest way toward it.
 */
export function boundaryStep(problem: BoundaryProblem): Float64Array {
  const { norm, original, point, slope, radius } = problem;
  const solution = new BoundaryStep(problem);
  const steepness = Math.sqrt(slope.reduce((sum, own) => sum + own * own, 0));
  if (steepness === 0) return solution.step;
  // About what makes a step of the length of the trust region of a gradient.
  const plane = radius / steepness;
  const away = point.reduce((most, own, i) => Math.max(most, Math.abs(own - original[i])), 0);
  const first = norm === 'Linf' && away > 0 ? away : 1;
  const fits = (weight: number) => solution.solve(weight, plane);
  if (least(fits, first, OUTER_HALVINGS) === undefined) solution.towardPlane(plane);
  return solution.step;
}

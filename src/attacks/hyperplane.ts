/**
 * The nearest point of a hyperplane inside [0, 1]: the step that DeepFool and FAB are made of.
 *
 * Paper: Croce & Hein 2020, "Minimally Distorted Adversarial Examples with a Fast Adaptive
 * Boundary Attack", section 2.2 (projection onto hyperplane and box in Linf, L2 and L1).
 */
import { largest } from '../arrays.ts';
import type { Norm } from './types.ts';

/** Newton's method ends by itself: each round saturates a pixel. This bounds rounding trouble. */
const MOST_ROUNDS = 100;

/**
 * The smallest `d` in the norm with <w, d> = gap and image + d in [0, 1]; where the box does not
 * allow that much, the `d` that comes nearest to it. Writes it into `out`.
 *
 * In Linf and L2, d_i = sign(w_i) min(t s_i, room_i) with s_i = 1 or |w_i|. What is gained is
 * concave and piecewise linear in t, so that Newton's method from 0 never overshoots.
 *
 * @param gap how much <w, image> is to rise; negative to fall
 */
export function stepToHyperplane(
  norm: Norm,
  image: Float32Array,
  w: Float32Array,
  gap: number,
  out: Float32Array,
): void {
  const direction = Math.sign(gap);
  const wanted = Math.abs(gap);
  const room = (i: number) => (direction * w[i] > 0 ? 1 - image[i] : image[i]);
  out.fill(0);
  if (wanted === 0) return;
  if (norm === 'L1' || norm === 'L0') {
    let missing = wanted;
    for (const i of largest(w.map(Math.abs), w.length)) {
      if (missing <= 0 || w[i] === 0) return;
      const size = Math.min(room(i), missing / Math.abs(w[i]));
      out[i] = direction * Math.sign(w[i]) * size;
      missing -= size * Math.abs(w[i]);
    }
    return;
  }
  // Divided by the largest weight: squares of a distilled model's gradients may underflow.
  const peak = w.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
  if (peak === 0) return;
  const weights = new Float64Array(w.length);
  const limits = new Float64Array(w.length);
  for (let i = 0; i < w.length; i++) {
    weights[i] = Math.abs(w[i]) / peak;
    limits[i] = room(i);
  }
  const isLinf = norm === 'Linf';
  let t = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let gained = 0;
    let slope = 0;
    for (let i = 0; i < w.length; i++) {
      const weight = weights[i];
      const speed = isLinf ? 1 : weight;
      const step = t * speed;
      const isFree = step < limits[i];
      if (isFree) slope += weight * speed;
      gained += weight * (isFree ? step : limits[i]);
    }
    const missing = wanted / peak - gained;
    if (slope === 0 || missing <= 1e-9 * (wanted / peak)) break;
    t += missing / slope;
  }
  for (let i = 0; i < w.length; i++) {
    const step = t * (isLinf ? 1 : weights[i]);
    out[i] = direction * Math.sign(w[i]) * Math.min(step, limits[i]);
  }
}

/** The dual norm of `w`: how much <w, d> can gain for each unit of d's norm, the box apart. */
export function dualNorm(norm: Norm, w: Float32Array): number {
  let sum = 0;
  let peak = 0;
  for (const entry of w) {
    sum += Math.abs(entry);
    peak = Math.max(peak, Math.abs(entry));
  }
  if (norm === 'Linf') return sum;
  if (norm !== 'L2' || peak === 0) return peak;
  let squares = 0;
  for (const entry of w) squares += (entry / peak) ** 2;
  return peak * Math.sqrt(squares);
}

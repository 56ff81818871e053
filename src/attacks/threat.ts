/**
 * The geometry of a threat: distance, projection, steepest step and random start, for one image.
 *
 * Images are float32 in [0, 1]. Sums run in float64. What is returned lies in [0, 1] exactly and
 * in the ball to within `TOLERANCE`, which is what float32 pixels allow.
 *
 * Papers: Madry et al. 2018 (projected ascent, Linf and L2); Tramèr & Boneh 2019 (sparse L1 steps);
 * Croce & Hein 2021, "Mind the box" (exact projection onto the L1 ball inside [0, 1]).
 */

import { largest } from '../arrays.ts';
import type { RandomStream } from '../engine/index.ts';
import type { Norm, Threat } from './types.ts';

/** How far outside the ball rounding may carry a float32 image, relative to max(1, eps). */
const TOLERANCE = 1e-5;

/** Halvings of the interval in a projection's search: below float32 resolution. */
const HALVINGS = 40;

// Comparisons are taken as numbers here: which way they go is as good as random from one pixel to the
// next, and a branch that is mispredicted costs more than the arithmetic (3 to 5 times the whole loop).

const clip = (value: number): number => {
  const over = Number(value > 1);
  return over + value * (1 - over - Number(value < 0));
};

/** -1, 0 or 1. */
const signOf = (value: number): number => Number(value > 0) - Number(value < 0);

/** The value nearest to `value` within `eps` of `original` and in [0, 1]; all of them finite. */
export function nearestInLinf(eps: number, original: number, value: number): number {
  const low = original - eps;
  const high = original + eps;
  const under = Number(value < low);
  const over = Number(value > high);
  return clip(low * under + high * over + value * (1 - under - over));
}

/** The distance between two images in `norm`; L0 counts features that differ. */
export function distance(norm: Norm, a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    switch (norm) {
      case 'Linf':
        if (difference > total) total = difference;
        break;
      case 'L2':
        total += difference * difference;
        break;
      case 'L1':
        total += difference;
        break;
      case 'L0':
        if (difference !== 0) total++;
    }
    if (Number.isNaN(difference)) return Number.NaN;
  }
  return norm === 'L2' ? Math.sqrt(total) : total;
}

/** The largest distance that counts as within a budget: float32 pixels may round away from the ball. */
export const acceptedDistance = (eps: number): number => eps + TOLERANCE * Math.max(1, eps);

/** Whether `image` is a legal answer to `threat` at `original`: in the ball, in [0, 1], no NaN. */
export function isWithin(threat: Threat, original: Float32Array, image: Float32Array): boolean {
  if (image.some((value) => !(value >= 0 && value <= 1))) return false;
  return distance(threat.norm, original, image) <= acceptedDistance(threat.eps);
}

/**
 * Moves `image` in place to the ball around `original` and into [0, 1]. Linf, L1 and L0 give the
 * nearest point of the intersection; L2 scales and then clips, as the published attacks do, which
 * is feasible though not always nearest.
 */
export function project(threat: Threat, original: Float32Array, image: Float32Array): void {
  const { norm, eps } = threat;
  switch (norm) {
    case 'Linf':
      for (let i = 0; i < image.length; i++) image[i] = nearestInLinf(eps, original[i], image[i]);
      return;
    case 'L2': {
      const length = distance('L2', original, image);
      const scale = length > eps ? eps / length : 1;
      for (let i = 0; i < image.length; i++) {
        image[i] = clip(original[i] + (image[i] - original[i]) * scale);
      }
      return;
    }
    case 'L1':
      projectL1(eps, original, image);
      return;
    case 'L0': {
      const change = new Float32Array(image.length);
      for (let i = 0; i < image.length; i++) change[i] = Math.abs(clip(image[i]) - original[i]);
      const kept = new Set(largest(change, eps));
      for (let i = 0; i < image.length; i++) image[i] = kept.has(i) ? clip(image[i]) : original[i];
    }
  }
}

/** Soft threshold, then the box: the threshold that spends exactly eps is found by bisection. */
function projectL1(eps: number, original: Float32Array, image: Float32Array): void {
  const shrunk = (i: number, threshold: number): number => {
    const change = image[i] - original[i];
    const size = Math.max(Math.abs(change) - threshold, 0);
    return clip(original[i] + (change < 0 ? -size : size));
  };
  const spent = (threshold: number): number => {
    let total = 0;
    for (let i = 0; i < image.length; i++) total += Math.abs(shrunk(i, threshold) - original[i]);
    return total;
  };
  let high = 0;
  if (spent(0) > eps) {
    let low = 0;
    for (let i = 0; i < image.length; i++) high = Math.max(high, Math.abs(image[i] - original[i]));
    for (let step = 0; step < HALVINGS; step++) {
      const middle = (low + high) / 2;
      if (spent(middle) > eps) low = middle;
      else high = middle;
    }
  }
  for (let i = 0; i < image.length; i++) image[i] = shrunk(i, high);
}

/**
 * Moves `image` in place by `size` (measured in `norm`) in the direction in which a function with
 * this `gradient` rises fastest; pixels may leave [0, 1] and the ball, so `project` afterwards.
 * Nothing moves where the gradient is zero.
 *
 * L0 steps as L1 does. `sparsity` (for these two): share of the features that one step moves, at least one feature; features
 * at a bound that the step would push further out are passed over.
 */
export function steepestStep(
  norm: Norm,
  gradient: Float32Array,
  size: number,
  image: Float32Array,
  sparsity = 0,
): void {
  switch (norm) {
    case 'Linf':
      for (let i = 0; i < image.length; i++) image[i] += size * signOf(gradient[i]);
      return;
    case 'L2': {
      // Scaled by the largest entry first: squares of a distilled model's gradients underflow.
      let peak = 0;
      for (let i = 0; i < gradient.length; i++) peak = Math.max(peak, Math.abs(gradient[i]));
      if (peak === 0) return;
      let squares = 0;
      for (let i = 0; i < gradient.length; i++) squares += (gradient[i] / peak) ** 2;
      const scale = size / Math.sqrt(squares);
      for (let i = 0; i < image.length; i++) image[i] += (gradient[i] / peak) * scale;
      return;
    }
    case 'L1':
    case 'L0': {
      const movable = gradient.map((entry, i) =>
        (entry > 0 && image[i] < 1) || (entry < 0 && image[i] > 0) ? Math.abs(entry) : 0,
      );
      const count = Math.max(1, Math.round(sparsity * image.length));
      const chosen = largest(movable, count).filter((i) => movable[i] > 0);
      for (const i of chosen) image[i] += (size / chosen.length) * Math.sign(gradient[i]);
    }
  }
}

/** `steepestStep`, then `project`; in Linf both in one pass, with the same result. */
export function stepWithin(
  threat: Threat,
  original: Float32Array,
  gradient: Float32Array,
  size: number,
  image: Float32Array,
  sparsity = 0,
): void {
  const { norm, eps } = threat;
  if (norm === 'Linf') {
    for (let i = 0; i < image.length; i++) {
      const moved = Math.fround(image[i] + size * signOf(gradient[i]));
      image[i] = nearestInLinf(eps, original[i], moved);
    }
    return;
  }
  steepestStep(norm, gradient, size, image, sparsity);
  project(threat, original, image);
}

/**
 * The point of the ball, and of [0, 1], at which a linear function with this `gradient` is
 * largest (L2: up to the box, by scaling and clipping). Writes it into `image`.
 */
export function linearMaximum(
  threat: Threat,
  original: Float32Array,
  gradient: Float32Array,
  image: Float32Array,
): void {
  image.set(original);
  if (threat.norm === 'L1' || threat.norm === 'L0') {
    const order = largest(gradient.map(Math.abs), image.length);
    let budget = threat.eps;
    for (const i of order) {
      if (budget <= 0 || gradient[i] === 0) return;
      const room = gradient[i] > 0 ? 1 - image[i] : image[i];
      if (room === 0) continue;
      image[i] += Math.sign(gradient[i]) * (threat.norm === 'L1' ? Math.min(room, budget) : room);
      budget -= threat.norm === 'L1' ? room : 1;
    }
    return;
  }
  stepWithin(threat, original, gradient, threat.eps, image);
}

/** A random point of the ball (L2 and L1: uniform in volume), clipped to [0, 1], into `image`. */
export function randomStart(
  threat: Threat,
  original: Float32Array,
  stream: RandomStream,
  image: Float32Array,
): void {
  const features = image.length;
  const { norm, eps } = threat;
  if (norm === 'L0') {
    image.set(original);
    for (const i of stream.permutation(features).subarray(0, eps)) image[i] = stream.uniform();
    return;
  }
  if (norm === 'Linf') {
    for (let i = 0; i < features; i++) image[i] = original[i] + eps * (2 * stream.uniform() - 1);
  } else {
    const direction = new Float64Array(features);
    let total = 0;
    for (let i = 0; i < features; i++) {
      const normal = stream.normal();
      direction[i] = norm === 'L2' ? normal : Math.sign(normal) * -Math.log(1 - stream.uniform());
      total += norm === 'L2' ? normal * normal : Math.abs(direction[i]);
    }
    const radius = eps * stream.uniform() ** (1 / features);
    const scale = radius / (norm === 'L2' ? Math.sqrt(total) : total);
    for (let i = 0; i < features; i++) image[i] = original[i] + direction[i] * scale;
  }
  project(threat, original, image);
}

/**
 * Elastic-net attack: the smallest L1 distance plus squared L2 distance, plus c times a hinge on the
 * goal margin; c is found by bisection.
 *
 * Paper: Chen, Sharma, Zhang, Yi & Hsieh 2018, "EAD: Elastic-Net Attacks to Deep Neural Networks via
 * Adversarial Examples": FISTA, whose shrinking step leaves pixels of small change as they were.
 * Threat: minimal norm in L1; targeted and untargeted.
 * Cost: at most steps x searches forward passes, and as many backward.
 * Fails: with too few steps for its step size, and too few searches to find c.
 */
import { gather, range, row } from '../arrays.ts';
import { type AttackInput, defineAttack } from './attack.ts';
import { goalMargin, marginClasses, reachesGoal, targetsAt } from './goals.ts';
import { searchWeights, type WeightedDescent, weightOptions } from './weight-search.ts';

/** A run is given up when a tenth of its steps has not lowered the objective by this share. */
const LEAST_GAIN = 1e-4;

export const ead = defineAttack({
  name: 'ead',
  about: 'smallest L1 change by descent on distance and margin (Chen et al. 2018)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'minimal',
  random: false,
  norms: ['L1'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin'],
  options: {
    steps: { about: 'steps for each c', default: 1000, min: 1, integer: true },
    searches: weightOptions.searches,
    stepSize: { about: 'of the first step, on the gradient', default: 0.01, above: 0 },
    initialC: weightOptions.initialC,
    beta: { about: 'L1 weight: least change of a pixel', default: 0.01, above: 0 },
    confidence: weightOptions.confidence,
  },
  expectedPasses: ({ steps, searches }) => 1 + 2 * steps * searches,
  run({ options, ...input }) {
    return searchWeights(input, options, (run) => descend(input.oracle, options, run));
  },
});

/** FISTA from the originals. */
async function descend(
  oracle: AttackInput['oracle'],
  options: Readonly<Record<'steps' | 'stepSize' | 'beta' | 'confidence', number>>,
  { originals, classTargets, weights, onReached }: WeightedDescent,
): Promise<void> {
  const { steps, beta, confidence } = options;
  const { features, classes } = oracle;
  const images = originals.slice();
  // Where the gradient is taken: ahead of the image, in the direction in which it moved.
  const ahead = originals.slice();
  const lastObjective = weights.map(() => Number.POSITIVE_INFINITY);
  const patience = Math.max(1, Math.floor(steps / 10));
  let active = range(weights.length);
  for (let step = 0; step < steps && active.length > 0; step++) {
    const rows = targetsAt(classTargets, active);
    const isShort = (logits: Float32Array, i: number) =>
      goalMargin(logits, rows, i) < confidence || !reachesGoal(logits, rows, i);
    const { gradient } = await oracle.backward(gather(ahead, active, features), (logits) => {
      const cotangent = new Float32Array(logits.length);
      active.forEach((example, i) => {
        if (!isShort(logits, i)) return;
        const scores = row(logits, i, classes);
        const { winner, loser } = marginClasses(scores, rows.labels[i], rows.targets?.[i]);
        cotangent[i * classes + winner] -= weights[example];
        cotangent[i * classes + loser] += weights[example];
      });
      return cotangent;
    });
    const stepSize = options.stepSize * Math.sqrt(1 - step / steps);
    const distances = active.map((example, i) =>
      shrinkingStep(
        row(originals, example, features),
        row(images, example, features),
        row(ahead, example, features),
        { slope: row(gradient, i, features), stepSize, beta, momentum: step / (step + 3) },
      ),
    );
    const logits = await oracle.logits(gather(images, active, features));
    active = active.filter((example, i) => {
      if (!isShort(logits, i)) onReached(example, row(images, example, features));
      if ((step + 1) % patience !== 0) return true;
      const missing = Math.max(confidence - goalMargin(logits, rows, i), 0);
      const objective = distances[i] + weights[example] * missing;
      const isStuck = objective > lastObjective[example] * (1 - LEAST_GAIN);
      lastObjective[example] = objective;
      return !isStuck;
    });
  }
}

/**
 * One step of FISTA from `ahead`: down the slope of the goal and of the squared distance, then every
 * change shrinks by `beta`, to none if it is smaller. Moves `image` there and `ahead` beyond it.
 * Returns the squared L2 distance plus `beta` times the L1 distance.
 */
function shrinkingStep(
  original: Float32Array,
  image: Float32Array,
  ahead: Float32Array,
  move: {
    readonly slope: Float32Array;
    readonly stepSize: number;
    readonly beta: number;
    readonly momentum: number;
  },
): number {
  const { slope, stepSize, beta, momentum } = move;
  const clip = (value: number) => Math.min(1, Math.max(0, value));
  let distance = 0;
  for (let p = 0; p < image.length; p++) {
    const change = ahead[p] - original[p];
    const moved = change - stepSize * (slope[p] + 2 * change);
    const kept = Math.sign(moved) * Math.max(Math.abs(moved) - beta, 0);
    const last = image[p];
    image[p] = kept === 0 ? original[p] : clip(original[p] + kept);
    ahead[p] = clip(image[p] + momentum * (image[p] - last));
    distance += (image[p] - original[p]) ** 2 + beta * Math.abs(image[p] - original[p]);
  }
  return distance;
}

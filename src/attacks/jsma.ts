/**
 * Jacobian-based saliency map attack: pixels, two at a time, driven to a bound.
 *
 * Paper: Papernot, McDaniel, Jha, Fredrikson, Celik & Swami 2016, "The Limitations of Deep Learning
 * in Adversarial Settings". `increase` 1 raises pixels (their first variant), 0 lowers them (their
 * second). The saliency map is taken of softmax outputs (`softmax`, as the authors did against
 * distillation), of the logits, or of softmax(logits / T) (`temperature`): on a distilled model the
 * first vanishes in float32 and the last does not (Carlini & Wagner 2016).
 * Threat: L0 of at most eps features (112 of 784: the paper's 14.29 %); targeted; untargeted aims
 * at the runner-up of the clean image.
 * Cost: at most eps / 2 forward and backward passes (`logits`: twice that).
 * Fails: on distilled models with `softmax`; greedy, so that its L0 is far from minimal.
 */
import { gather, range, row } from '../arrays.ts';
import { defineAttack } from './attack.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';
import { softmax32 } from './losses/loss.ts';
import type { LossName } from './losses/registry.ts';
import type { Oracle } from './oracle.ts';
import { runnersUp } from './runners-up.ts';

export const jsma = defineAttack({
  name: 'jsma',
  about: 'pairs of pixels by their saliency (Papernot et al. 2016)',
  access: 'gradient',
  kind: 'search',
  budget: 'fixed',
  random: false,
  norms: ['L0'],
  goals: ['untargeted', 'targeted'],
  losses: ['temperature', 'softmax', 'logits'],
  options: {
    increase: {
      about: '1: raise pixels to 1, 0: lower them to 0',
      default: 1,
      min: 0,
      max: 1,
      integer: true,
    },
  },
  expectedPasses: (_, __, { eps }) => 1 + 2 * Math.floor(eps / 2),
  async run({ oracle, batch, goal, threat, loss, options }) {
    const { features } = oracle;
    const bound = options.increase;
    const attacked = batch.images.slice();
    const aims =
      goal.kind === 'targeted'
        ? Array.from(goal.targets)
        : (await runnersUp(oracle, batch)).map((order) => order[0]);
    /** Features that may still be driven to the bound, one byte each. */
    const free = Uint8Array.from(attacked, (value) => (value === bound ? 0 : 1));
    let active = range(batch.labels.length);
    for (let spent = 0; spent + 2 <= threat.eps && active.length > 0; spent += 2) {
      const current = gather(attacked, active, features);
      const classTargets = classTargetsOf(batch, goal, active);
      const maps = await saliency(
        oracle,
        loss,
        current,
        active.map((example) => aims[example]),
      );
      const unfinished: number[] = [];
      active.forEach((example, i) => {
        if (reachesGoal(maps.logits, classTargets, i)) return;
        const open = free.subarray(example * features, (example + 1) * features);
        const pair = bestPair(
          row(maps.target, i, features),
          row(maps.others, i, features),
          open,
          bound === 1 ? 1 : -1,
        );
        if (!pair) return;
        for (const p of pair) {
          row(attacked, example, features)[p] = bound;
          open[p] = 0;
        }
        unfinished.push(example);
      });
      active = unfinished;
    }
    return attacked;
  },
});

interface Saliency {
  readonly logits: Float32Array;
  /** d output_target / d pixel */
  readonly target: Float32Array;
  /** The sum of d output_j / d pixel over the other classes. */
  readonly others: Float32Array;
}

/**
 * Both parts of the saliency map. Softmax outputs add up to 1, so that the other classes' part is
 * the target's with the sign turned: exact, where float32 sums would round.
 */
async function saliency(
  oracle: Oracle,
  loss: LossName,
  images: Float32Array,
  aims: readonly number[],
): Promise<Saliency> {
  const { classes } = oracle;
  if (loss !== 'logits') {
    const temperature = loss === 'temperature' ? oracle.classifier.temperature : 1;
    const { logits, gradient } = await oracle.backward(images, (all) => {
      const cotangent = new Float32Array(all.length);
      aims.forEach((aim, i) => {
        softmaxGradient(row(all, i, classes), temperature, aim, row(cotangent, i, classes));
      });
      return cotangent;
    });
    return { logits, target: gradient, others: gradient.map((entry) => -entry) };
  }
  const carry = (ofAim: number, ofOthers: number) =>
    oracle.backward(images, (all) => {
      const cotangent = new Float32Array(all.length).fill(ofOthers);
      aims.forEach((aim, i) => {
        cotangent[i * classes + aim] = ofAim;
      });
      return cotangent;
    });
  const { logits, gradient } = await carry(1, 0);
  return { logits, target: gradient, others: (await carry(0, 1)).gradient };
}

/** The logit gradient of softmax(z / T) at class `aim`: p_aim (e_aim - p) / T, in float32. */
function softmaxGradient(
  logits: Float32Array,
  temperature: number,
  aim: number,
  out: Float32Array,
): void {
  softmax32(logits, temperature, out);
  const own = out[aim];
  for (let j = 0; j < out.length; j++) {
    out[j] = Math.fround(own * Math.fround((j === aim ? 1 : 0) - out[j])) / temperature;
  }
}

/**
 * The pair p < q of free pixels with the largest -(a_p + a_q)(b_p + b_q), the first of equals,
 * among those that raise the target (a > 0) and lower the others (b < 0) when moved in `direction`.
 *
 * Exact, without looking at every pair: a pixel is passed over whose best partner, could it have
 * the largest gain and the largest loss of all, would do less than the best pair known. To begin
 * with that is the best one with the pixel that raises the target most.
 */
export function bestPair(
  target: Float32Array,
  others: Float32Array,
  free: Uint8Array,
  direction: 1 | -1,
): [number, number] | undefined {
  const open: number[] = [];
  let leader = -1;
  let mostGain = Number.NEGATIVE_INFINITY;
  let mostLoss = Number.NEGATIVE_INFINITY;
  for (let p = 0; p < free.length; p++) {
    if (free[p] === 0) continue;
    open.push(p);
    mostLoss = Math.max(mostLoss, -direction * others[p]);
    if (direction * target[p] <= mostGain) continue;
    mostGain = direction * target[p];
    leader = p;
  }
  const worth = (gain: number, loss: number) => (gain > 0 && loss > 0 ? gain * loss : 0);
  const worthOf = (p: number, q: number) =>
    worth(direction * (target[p] + target[q]), -direction * (others[p] + others[q]));
  let most = 0;
  for (const q of open) if (q !== leader) most = Math.max(most, worthOf(leader, q));
  let best: [number, number] | undefined;
  for (let i = 0; i < open.length; i++) {
    const p = open[i];
    const bound = worth(direction * target[p] + mostGain, -direction * others[p] + mostLoss);
    if (bound === 0 || bound < most) continue;
    for (let j = i + 1; j < open.length; j++) {
      const found = worthOf(p, open[j]);
      if (found === 0 || found < most || (found === most && best)) continue;
      most = found;
      best = [p, open[j]];
    }
  }
  return best;
}

/**
 * Carlini & Wagner's L2 attack: the smallest squared distance plus c times a hinge on the goal
 * margin, c found by bisection.
 *
 * Paper: Carlini & Wagner 2017, "Towards Evaluating the Robustness of Neural Networks", section VI.A;
 * with a confidence, the transfer attack of its section VIII.D.
 * Threat: minimal norm in L2; targeted and untargeted.
 * Cost: at most steps x searches forward and backward passes: the most expensive gradient attack.
 * Fails: with too few steps for its step size (a pixel at 0 or 1 needs a hundred or so to come out
 * of tanh's flat end), or too few searches to find c.
 */
import { gather, range } from '../arrays.ts';
import { defineAttack } from './attack.ts';
import { Closest } from './closest.ts';
import { descend, squares } from './cw-descent.ts';
import { classTargetsOf, reachesGoal } from './goals.ts';

/** Above this, c means that none was large enough yet. */
const UNBOUNDED = 1e9;

export const cwL2 = defineAttack({
  name: 'cw-l2',
  about: 'smallest L2 change by descent on distance and margin (Carlini & Wagner 2017)',
  access: 'gradient',
  kind: 'iterative',
  budget: 'minimal',
  random: false,
  norms: ['L2'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin'],
  options: {
    steps: { about: 'Adam steps for each c', default: 1000, min: 1, integer: true },
    searches: { about: 'values of c to try', default: 9, min: 1, integer: true },
    learningRate: { about: 'of Adam, on w', default: 0.01, min: 0 },
    initialC: { about: 'first weight of the goal', default: 0.001, min: 0 },
    confidence: { about: 'goal margin, in logits, to reach', default: 0, min: 0 },
  },
  expectedPasses: ({ steps, searches }) => 1 + steps * searches,
  run({ oracle, batch, goal, threat, options }) {
    const { features } = oracle;
    const closest = new Closest(batch, threat.norm);
    const logits = oracle.logits(batch.images);
    const clean = classTargetsOf(batch, goal);
    const open = range(batch.labels.length).filter((example) => {
      const isDone = options.confidence === 0 && reachesGoal(logits, clean, example);
      if (isDone) closest.offer(example, closest.original(example));
      return !isDone;
    });
    const c = open.map(() => options.initialC);
    const low = open.map(() => 0);
    const high = open.map(() => Number.POSITIVE_INFINITY);
    const originals = gather(batch.images, open, features);
    for (let search = 0; search < options.searches; search++) {
      const reached = open.map(() => false);
      descend({
        oracle,
        originals,
        starts: originals,
        classTargets: classTargetsOf(batch, goal, open),
        penalty: squares,
        weights: c,
        steps: options.steps,
        learningRate: options.learningRate,
        confidence: options.confidence,
        onReached: (i, image) => {
          reached[i] = true;
          closest.offer(open[i], image);
        },
      });
      open.forEach((_, i) => {
        if (reached[i]) high[i] = Math.min(high[i], c[i]);
        else low[i] = Math.max(low[i], c[i]);
        c[i] = high[i] < UNBOUNDED ? (low[i] + high[i]) / 2 : c[i] * 10;
      });
    }
    return closest.images;
  },
});

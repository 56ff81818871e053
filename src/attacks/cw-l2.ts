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
import { defineAttack } from './attack.ts';
import { descend, squares } from './cw-descent.ts';
import { searchWeights, weightOptions } from './weight-search.ts';

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
    searches: weightOptions.searches,
    learningRate: { about: 'of Adam, on w', default: 0.01, above: 0 },
    initialC: weightOptions.initialC,
    confidence: weightOptions.confidence,
  },
  expectedPasses: ({ steps, searches }) => 1 + steps * searches,
  run({ options, ...input }) {
    const { steps, learningRate, confidence } = options;
    return searchWeights(input, options, async (run) => {
      const { oracle } = input;
      const { originals } = run;
      const starts = originals;
      await descend({ ...run, oracle, starts, penalty: squares, steps, learningRate, confidence });
    });
  },
});

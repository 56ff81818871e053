/**
 * Transfer: an attack on another model, the source, whose results are tried on this one.
 *
 * Papers: Papernot et al. 2017, "Practical Black-Box Attacks against Machine Learning"; Carlini &
 * Wagner 2017, section VIII.D: against a distilled model the source must be wrong with confidence.
 * Here: PGD with momentum (Dong et al. 2018) on the source's margin, until it exceeds the confidence.
 * Threat: Linf, L2, L1; untargeted and targeted.
 * Cost: at most `steps` forward and backward passes on the source, none on this model.
 * Fails: when the two models err in different directions; a low confidence makes that likelier.
 */
import { UserError } from '../errors.ts';
import { defineAttack } from './attack.ts';
import { ascend } from './gradient-ascent.ts';

export const transfer = defineAttack({
  name: 'transfer',
  about: 'attacks another model with confidence, then tries the results on this one: a control',
  access: 'source-gradient',
  kind: 'search',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2', 'L1'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin'],
  options: {
    steps: { about: 'gradient steps on the source', default: 40, min: 1, integer: true },
    stepSize: {
      about: 'length of a step in the norm of the threat (2.5 eps / steps)',
      default: ({ eps }, { steps }) => (2.5 * eps) / steps,
      min: 0,
    },
    confidence: {
      about: "source's margin, in logits, at which to stop",
      default: 40,
      min: 0,
    },
    decay: { about: 'share of the accumulated gradient that is kept', default: 1, min: 0, max: 1 },
  },
  expectedPasses: ({ steps }) => steps,
  run({ source, batch, goal, threat, loss, options: { steps, stepSize, confidence, decay } }) {
    if (!source) {
      throw new UserError('no-source', 'a transfer attack takes its gradients from another model', {
        hint: 'name that model',
      });
    }
    return ascend({
      oracle: source,
      batch,
      goal,
      threat,
      loss,
      steps,
      stepSize,
      restarts: 1,
      randomStart: true,
      momentum: decay,
      sparsity: 0.01,
      confidence,
    });
  },
});

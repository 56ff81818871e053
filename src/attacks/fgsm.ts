/**
 * Fast gradient (sign) method.
 *
 * Paper: Goodfellow, Shlens & Szegedy 2015, "Explaining and Harnessing Adversarial AttackBatch".
 * Threat: Linf (the sign), L2 and L1 (steepest step of length eps); targeted by descending.
 * Cost: 1 forward and 1 backward pass.
 * Fails: whenever the loss surface is not close to linear within eps, and wherever the gradient
 * has vanished. It is a floor for an attack, never evidence of robustness by itself.
 */
import { row } from './batch.ts';
import { classTargetsOf } from './oracle.ts';
import { linearMaximum } from './threat.ts';
import { ANY_LOSS, defineAttack } from './types.ts';

export const fgsm = defineAttack({
  name: 'fgsm',
  about: 'one step along the sign of the gradient (Goodfellow et al. 2015)',
  access: 'gradient',
  budget: 'fixed',
  random: false,
  norms: ['Linf', 'L2', 'L1'],
  goals: ['untargeted', 'targeted'],
  losses: ANY_LOSS,
  options: {},
  run({ oracle, examples, goal, threat, loss }) {
    const { features } = oracle;
    const { images } = examples;
    const { gradient } = oracle.lossGradients(loss, images, classTargetsOf(examples, goal));
    const attacked = new Float32Array(images.length);
    for (let i = 0; i < examples.labels.length; i++) {
      const out = row(attacked, i, features);
      linearMaximum(threat, row(images, i, features), row(gradient, i, features), out);
    }
    return attacked;
  },
});

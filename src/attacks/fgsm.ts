/**
 * Fast gradient (sign) method.
 *
 * Paper: Goodfellow, Shlens & Szegedy 2015, "Explaining and Harnessing Adversarial Examples".
 * Threat: Linf (the sign), L2 and L1 (steepest step of length eps); targeted by descending.
 * Cost: 1 forward and 1 backward pass.
 * Fails: whenever the loss surface is not close to linear within eps, and wherever the gradient
 * has vanished. It is a floor for an attack, never evidence of robustness by itself.
 */
import { row } from '../arrays.ts';
import { defineAttack } from './attack.ts';
import { classTargetsOf } from './goals.ts';
import { anyLoss } from './losses/registry.ts';
import { linearMaximum } from './threat.ts';

export const fgsm = defineAttack({
  name: 'fgsm',
  about: 'one step along the sign of the gradient (Goodfellow et al. 2015)',
  access: 'gradient',
  kind: 'single-step',
  budget: 'fixed',
  random: false,
  norms: ['Linf', 'L2', 'L1'],
  goals: ['untargeted', 'targeted'],
  losses: anyLoss('margin'),
  options: {},
  expectedPasses: () => 1,
  async run({ oracle, batch, goal, threat, loss }) {
    const { features } = oracle;
    const { images } = batch;
    const { gradient } = await oracle.lossGradients(loss, images, classTargetsOf(batch, goal));
    const attacked = new Float32Array(images.length);
    for (let i = 0; i < batch.labels.length; i++) {
      const out = row(attacked, i, features);
      linearMaximum(threat, row(images, i, features), row(gradient, i, features), out);
    }
    return attacked;
  },
});

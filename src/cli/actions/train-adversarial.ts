/** `distill train-adversarial`: training on images that PGD attacks at every step. */
import { trainAdversarial } from '../../training/index.ts';
import type { TrainAdversarialFlags } from '../commands/train-adversarial.ts';
import { runTraining } from '../training.ts';
import { adversaryOf, trainingSettings } from '../training-options.ts';

export async function action(flags: TrainAdversarialFlags): Promise<void> {
  const adversary = adversaryOf(flags);
  const job = { label: 'adversarial', out: flags.out, settings: trainingSettings(flags) };
  await runTraining(flags, job, () => (options) => trainAdversarial({ ...options, adversary }));
}

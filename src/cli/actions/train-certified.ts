/** `distill train-certified`: training that makes proofs possible. */
import { type CertifiedGoal, trainCertified } from '../../training/index.ts';
import type { TrainCertifiedFlags } from '../commands/train-certified.ts';
import { parseEps } from '../parsers.ts';
import { runTraining } from '../training.ts';
import { trainingSettings } from '../training-options.ts';

export async function action(flags: TrainCertifiedFlags): Promise<void> {
  const goal: CertifiedGoal = {
    eps: parseEps(flags.eps, 'Linf'),
    loss: flags.loss,
    share: flags.ordinaryShare,
  };
  const settings = trainingSettings({ ...flags, temperature: 1 });
  const job = { label: 'certified', out: flags.out, settings };
  await runTraining(flags, job, () => (options) => trainCertified({ ...options, goal }));
}

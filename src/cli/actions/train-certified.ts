/** `distill train-certified`: training that makes proofs possible. */
import { type TrainingOptions, trainCertified, trainSmoothed } from '../../training/index.ts';
import { isSmoothed, type TrainCertifiedFlags } from '../commands/train-certified.ts';
import { parseEps } from '../parsers.ts';
import { runTraining } from '../training.ts';
import { trainingSettings } from '../training-options.ts';

/** The training that the flags ask for. */
function trainingOf({ loss, eps, ordinaryShare, boxShare, sigma }: TrainCertifiedFlags) {
  if (isSmoothed(loss)) {
    return (options: TrainingOptions) => trainSmoothed({ ...options, goal: { sigma, loss } });
  }
  const goal = { eps: parseEps(eps, 'Linf'), loss, share: ordinaryShare, boxShare };
  return (options: TrainingOptions) => trainCertified({ ...options, goal });
}

export async function action(flags: TrainCertifiedFlags): Promise<void> {
  const train = trainingOf(flags);
  const settings = trainingSettings({ ...flags, temperature: 1 });
  await runTraining(flags, { label: 'certified', out: flags.out, settings }, () => train);
}

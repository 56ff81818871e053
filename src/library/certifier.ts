/** Proofs of the models of an evaluation. */
import { range } from '../arrays.ts';
import { type CertifiableModel, certifyImages, lowerNetwork } from '../certification/index.ts';
import { UserError } from '../errors.ts';
import type { Certifier, EvaluatedModel } from '../evaluation/index.ts';
import { readModel } from '../models/index.ts';
import { checkEngine } from './certify.ts';
import { runningEngine } from './engine.ts';

/**
 * Reads the networks of models, each image of which then takes the cheapest method that decides it.
 * @throws UserError `no-bound` for an engine, a layer or a classifier without bounds
 */
export async function openCertifier(models: readonly EvaluatedModel[]): Promise<Certifier> {
  checkEngine(await runningEngine());
  const certifiable = new Map<string, CertifiableModel>();
  for (const { classifier, folder } of models) {
    if (folder === '') {
      throw new UserError('no-bound', `${classifier.name} is a function: nothing bounds it`, {
        hint: 'give the model as a folder',
      });
    }
    const { network, weights } = await readModel(folder);
    lowerNetwork(network, weights); // a layer without bounds is refused before anything is measured
    certifiable.set(folder, { network, weights, classifier });
  }
  return {
    async certify({ folder }, { dataset, samples, eps, seed, isBroken, onProgress }) {
      const model = certifiable.get(folder);
      if (!model) throw new Error(`${folder} was not opened`);
      const positions = range(samples);
      const { images } = await certifyImages({
        model,
        dataset,
        positions,
        eps,
        seed,
        method: 'auto',
        isBroken,
        onProgress,
      });
      return images.map(({ outcome }) => outcome);
    },
  };
}

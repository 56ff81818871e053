/** The process of one worker of a sharded evaluation: loads models and images, then attacks rows. */
import { attackNamed } from '../attacks/index.ts';
import { type Dataset, loadTestData } from '../data/index.ts';
import { UserError } from '../errors.ts';
import { attackDataset, averaged } from '../evaluation/index.ts';
import { openModels, startEngine } from '../library/index.ts';
import { type Classifier, readModelCard } from '../models/index.ts';
import { serve } from './serve.ts';
import type { Shard, ShardAnswer, ShardStart } from './shards.ts';

let opened: Promise<{ dataset: Dataset; classifiers: ReadonlyMap<string, Classifier> }> | undefined;

async function open({ engine, threads, data, dataDigest, models, draws, bpda }: ShardStart) {
  await startEngine(engine, threads);
  const folders = Object.values(models);
  const { network } = await readModelCard(folders[0]);
  const purpose = { shape: network.inputShape, classes: network.classes };
  const { test: dataset } = await loadTestData(data, purpose);
  if (dataDigest !== undefined && dataset.digest !== dataDigest) {
    throw new UserError('foreign-data', `${data} is not the same here as where it is asked for`, {
      hint: 'give all machines the same data',
    });
  }
  const opened = await openModels(folders, dataset, bpda);
  const classifiers = new Map(
    opened.models.map(({ classifier }) => [classifier.name, averaged(classifier, draws)]),
  );
  return { dataset, classifiers };
}

serve<ShardStart, Shard, ShardAnswer>(async (start, shard) => {
  opened ??= open(start);
  const { dataset, classifiers } = await opened;
  const { model, source, attack, threat, loss, options, seed, positions, targets, levels } = shard;
  const [classifier, sourceModel] = [classifiers.get(model), source && classifiers.get(source)];
  if (!classifier) throw new Error(`no model is named ${model}`);
  const parts: Float32Array[] = [];
  const { plan: _, ...run } = await attackDataset({
    plan: { attack: attackNamed(attack), threat, loss: loss ?? undefined, options },
    classifier,
    dataset,
    positions,
    seed,
    ...(targets && { targets }),
    ...(levels !== null && { levels }),
    ...(sourceModel && { source: sourceModel }),
    onBatch: (images) => parts.push(images),
  });
  const candidates = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const part of parts) {
    candidates.set(part, filled);
    filled += part.length;
  }
  return { run, candidates };
});

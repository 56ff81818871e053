/** The process of one worker of a sharded evaluation: loads models and images, then attacks rows. */
import { attackNamed } from '../attacks/index.ts';
import { type Dataset, loadTestData } from '../data/index.ts';
import { attackDataset, averaged } from '../evaluation/index.ts';
import { startEngine } from '../library/index.ts';
import { type Classifier, loadModel, readModelCard } from '../models/index.ts';
import { serve } from './serve.ts';
import type { Shard, ShardAnswer, ShardStart } from './shards.ts';

let opened: Promise<{ dataset: Dataset; classifiers: ReadonlyMap<string, Classifier> }> | undefined;

async function open({ engine, threads, data, models, draws }: ShardStart) {
  await startEngine(engine, threads);
  const classifiers = new Map<string, Classifier>();
  for (const [name, folder] of Object.entries(models)) {
    const { model } = await loadModel(folder);
    classifiers.set(name, averaged(model.classifier(name), draws));
  }
  const [first] = Object.values(models);
  const { network } = await readModelCard(first);
  const purpose = { shape: network.inputShape, classes: network.classes };
  return { dataset: (await loadTestData(data, purpose)).test, classifiers };
}

serve<ShardStart, Shard, ShardAnswer>(async (start, shard) => {
  opened ??= open(start);
  const { dataset, classifiers } = await opened;
  const { model, source, attack, threat, loss, options, seed, positions, targets } = shard;
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

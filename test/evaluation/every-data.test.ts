/** Every attack on data of every size, gray and color, of few classes and many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ATTACKS, planAttack } from '../../src/attacks/index.ts';
import { makeDataset } from '../../src/data/dataset.ts';
import { startEngine } from '../../src/engine/index.ts';
import { evaluate, type PlannedAttack } from '../../src/evaluation/index.ts';
import { Model } from '../../src/models/index.ts';
import { trainSurrogate } from '../../src/training/index.ts';
import { linearModel, synthetic } from '../data/synthetic.ts';
import { provenance } from './provenance.ts';

await startEngine('auto');

/** What is enough to see an attack work on a linear model. */
const FEW: Readonly<Record<string, number>> = {
  steps: 8,
  searches: 2,
  rounds: 2,
  queries: 20,
  trainingSteps: 2,
  samples: 8,
  initialQueries: 10,
  tries: 2,
  targets: 3,
  restarts: 1,
  learningRate: 0.2,
  initialC: 1,
};
const EPS = { Linf: 0.3, L2: 3, L1: 10, L0: 5 } as const;

/** Fixed numbers of queries, and training a network on whole images: minutes on large ones. */
const SLOW = ['autoattack', 'surrogate'];

/** Every attack in every norm, with its default loss; on large images without the slow ones, and in one norm. */
function everyAttack(classes: number, features: number): PlannedAttack[] {
  return ATTACKS.filter(({ name }) => features < 1000 || !SLOW.includes(name)).flatMap((attack) =>
    attack.norms.slice(0, features > 10_000 ? 1 : undefined).map((norm) => {
      const eps = attack.budget === 'minimal' ? undefined : EPS[norm];
      const options = Object.fromEntries(
        Object.keys(attack.options)
          .filter((name) => name in FEW)
          .map((name) => [name, name === 'steps' && features > 1000 ? 3 : FEW[name]]),
      );
      const plan = planAttack(attack, { norm, eps, options, classes });
      return { plan, ...(attack.access === 'source-gradient' && { source: 'source' }) };
    }),
  );
}

for (const [shape, classes] of [
  [[1, 24, 1], 2],
  [[8, 8, 1], 3],
  [[12, 10, 3], 26],
  [[14, 14, 1], 47],
  [[32, 32, 3], 100],
  [[224, 224, 3], 2],
] as const) {
  test(`every attack on ${shape.join(' x ')} images in ${classes} classes`, async () => {
    const { images, labels } = synthetic(shape, classes, Math.min(classes, 4) + 8);
    const dataset = makeDataset('synthetic', shape, classes, images, labels);
    const { network, weights } = linearModel(shape, classes);
    const model = new Model(network, weights, 1);
    const attacks = everyAttack(classes, images.length / labels.length);
    const losses = new Set(attacks.map(({ plan }) => plan.loss));
    assert.equal(losses.has('dlr'), classes > 2, 'a loss that is not defined, or none');
    const run = (names: readonly string[], own: readonly PlannedAttack[]) =>
      evaluate(
        {
          models: names.map((name) => ({
            classifier: model.classifier(name),
            folder: name,
            digest: name,
          })),
          dataset,
          samples: 2,
          attacks: own,
          seed: 1,
          surrogates: {
            digest: dataset.digest,
            train: (classifier, request) =>
              trainSurrogate(classifier, { ...request, data: dataset }),
          },
        },
        provenance,
      );
    const alone = attacks.filter(({ source }) => source === undefined);
    const { models, attacks: first } = await run(['model'], alone);
    const transfers = attacks.filter(({ source }) => source !== undefined);
    const { attacks: second } = await run(['model', 'source'], transfers);
    model.dispose();
    for (const { accuracy } of models) assert.equal(accuracy.rate, 1);
    const own = [...first, ...second];
    assert.equal(own.length, attacks.length);
    for (const { attack, norm, legal, predicted } of own) {
      assert.ok(legal.every(Boolean), `${attack} ${norm}`);
      assert.ok(
        predicted.every((c) => c < classes),
        `${attack} ${norm}`,
      );
    }
    const pgd = own.find(({ attack, norm }) => attack === 'pgd' && norm === 'Linf');
    assert.equal(pgd?.robust.hits, 0);
  });
}

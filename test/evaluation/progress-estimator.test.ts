/** How much of an evaluation is said to be done, and how much of it is said to be left. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attackNamed, planAttack } from '../../src/attacks/index.ts';
import { type EvaluationPlan, evaluate } from '../../src/evaluation/index.ts';
import { ProgressEstimator, probePasses } from '../../src/evaluation/progress-estimator.ts';
import { smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';
import { provenance } from './provenance.ts';

const model = smallNetwork(25, 6, 4);
const dataset = await datasetFor(model, 40);
const COUNT = 40;
const attackAt = (name: string, eps: number, options: Record<string, number> = {}) => ({
  plan: planAttack(attackNamed(name), { norm: 'Linf', eps, options }),
});

/** A plan for the small model alone, with what its progress says. */
function planOf(attacks: EvaluationPlan['attacks']) {
  const seen: [done: number, total: number][] = [];
  const plan: EvaluationPlan = {
    models: [{ classifier: model, folder: 'models/model', digest: 'a' }],
    dataset,
    samples: COUNT,
    attacks,
    seed: 3,
    onProgress: (_, done, total) => seen.push([done, total]),
  };
  return { plan, seen };
}

describe('the estimate of what is left', () => {
  it('counts the clean images, probes, and an attack by its passes, gradients twice', () => {
    const { plan, seen } = planOf([attackAt('fgsm', 0.1), attackAt('noise', 0.1, { tries: 10 })]);
    const progress = new ProgressEstimator(plan);
    const clean = progress.begin('clean');
    clean.finish(COUNT);
    const before = COUNT + probePasses(COUNT);
    // fgsm takes a gradient; noise may end early, and nothing is known about its budget yet.
    assert.deepEqual(seen.at(-1), [COUNT, before + COUNT * 2 + COUNT * 10 * 0.5]);
    clean.finish(probePasses(COUNT));
    const fgsm = progress.begin('fgsm', plan.attacks[0]);
    fgsm.passes(COUNT);
    assert.equal(seen.at(-1)?.[0], before + COUNT * 2, 'passes count while they are made');
    fgsm.finish(COUNT);
    const noise = progress.begin('noise', plan.attacks[1]);
    noise.passes(COUNT);
    noise.finish(COUNT);
    assert.deepEqual(seen.at(-1), [before + COUNT * 3, before + COUNT * 3]);
  });

  it('learns from an attack that ends early how long others of that budget will take', () => {
    const tries = { tries: 10 };
    const more = { tries: 100 };
    const attacks = [attackAt('noise', 0.1, tries), attackAt('noise', 0.1, more)];
    const { plan, seen } = planOf([...attacks, attackAt('noise', 0.3, tries)]);
    const progress = new ProgressEstimator(plan);
    const clean = COUNT + probePasses(COUNT);
    const first = progress.begin('first', plan.attacks[0]);
    first.passes(COUNT * 2);
    first.finish(COUNT);
    // A fifth of what it might have taken; at the other budget nothing is known.
    assert.deepEqual(seen.at(-1), [80, 80 + clean + COUNT * 100 * 0.2 + COUNT * 10 * 0.5]);
    const second = progress.begin('second', plan.attacks[1]);
    second.passes(COUNT / 2);
    second.finish(COUNT / 2);
    // Half of the second one took a pass each: so will the other half.
    assert.deepEqual(seen.at(-1), [100, 100 + clean + COUNT / 2 + COUNT * 10 * 0.5]);
  });

  it('leaves out what an error ended, and what an earlier evaluation has done', () => {
    const { plan, seen } = planOf([attackAt('pgd', 0.1), attackAt('pgd', 0.3)]);
    const progress = new ProgressEstimator(plan);
    progress.begin('clean').finish(COUNT + probePasses(COUNT));
    progress.skip(plan.attacks[0]);
    const work = progress.begin('pgd', plan.attacks[1]);
    work.passes(30);
    work.finish(10);
    work.passes(7);
    work.abandon();
    const done = COUNT + probePasses(COUNT) + 2 * 37;
    assert.deepEqual(seen.at(-1), [done, done]);
  });

  it('counts the training of surrogates by its steps, also of one that fails', () => {
    const { plan, seen } = planOf([]);
    const progress = new ProgressEstimator(plan);
    progress.begin('clean').finish(COUNT + probePasses(COUNT));
    const start = seen.at(-1)?.[0] ?? 0;
    progress.expectTraining(30);
    const first = progress.begin('training', 'training', 10);
    first.finish(1);
    const [done, total] = seen.at(-1) ?? [0, 0];
    assert.equal(total - start, 30 * (done - start));
    first.abandon();
    assert.equal((seen.at(-1)?.[1] ?? 0) - start, 21 * (done - start));
    progress.begin('training', 'training', 20).finish(20);
    assert.deepEqual(seen.at(-1), [start + 21 * (done - start), start + 21 * (done - start)]);
  });

  it('is within a factor of two from the first attack on, where most images are broken early', async () => {
    const { plan, seen } = planOf([
      attackAt('fgsm', 0.4),
      attackAt('pgd', 0.4),
      attackAt('pgd', 0.4, { steps: 100 }),
      attackAt('square', 0.4, { queries: 200 }),
    ]);
    await evaluate(plan, provenance);
    const [spent, all] = seen.at(-1) ?? [0, 0];
    assert.equal(spent, all);
    const first = COUNT + probePasses(COUNT) + COUNT * 2;
    const attacked = seen.filter(([done]) => done > first + COUNT * 2 * 40 * 0.5);
    assert.ok(attacked.length > 10 && attacked.every(([done]) => done <= all));
    for (const [done, total] of attacked) {
      assert.ok(total < 2 * all && total > all / 2, `${done} of ${total}, in the end ${all}`);
    }
  });
});

/** On a linear model every attack has an answer in closed form: margin / dual norm. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { row } from '../../src/arrays.ts';
import {
  attackNamed,
  distance,
  type Norm,
  planAttack,
  runAttack,
} from '../../src/attacks/index.ts';
import { examplesFor, linearClassifier, logitsOf, pick, randomAffine } from './models.ts';

const features = 30;
const classes = 5;
const affine = randomAffine(features, classes, 21, 0.4);
const model = linearClassifier(affine);
const all = examplesFor(model, 60, { low: 0.4, high: 0.6 });

const dual: Record<'Linf' | 'L2' | 'L1', (w: number[]) => number> = {
  Linf: (w) => w.reduce((sum, entry) => sum + Math.abs(entry), 0),
  L2: (w) => Math.hypot(...w),
  L1: (w) => Math.max(...w.map(Math.abs)),
};

/** Distance to the face between the label and class k, the box apart. */
function toFace(norm: 'Linf' | 'L2' | 'L1', z: readonly number[], y: number, k: number): number {
  return (z[y] - z[k]) / dual[norm](affine.weights.map((line) => line[k] - line[y]));
}

function nearestFace(norm: 'Linf' | 'L2' | 'L1', z: readonly number[], y: number): number {
  return Math.min(...z.map((_, k) => (k === y ? Infinity : toFace(norm, z, y, k))));
}

/** Examples near enough to a face that the box does not matter, and not right upon it. */
const near = logitsOf(model, all.images).flatMap((z, i) => {
  const away = nearestFace('L1', z, all.labels[i]);
  return away > 0.03 && away < 0.35 ? [i] : [];
});
const examples = pick(all, near.slice(0, 12));
const logits = logitsOf(model, examples.images);

const minimal: [string, Norm[], Record<string, number>][] = [
  ['deepfool', ['L2', 'Linf', 'L1'], { overshoot: 0.002 }],
  ['fab', ['L2', 'Linf', 'L1'], { steps: 30 }],
  ['fmn', ['L2', 'Linf', 'L1'], { steps: 300, stepSize: 0.3 }],
  ['cw-l2', ['L2'], { steps: 400, searches: 14, learningRate: 0.01, initialC: 0.1 }],
  ['hopskipjump', ['L2'], { steps: 25, initialQueries: 200 }],
];

for (const [name, norms, options] of minimal) {
  for (const norm of norms as ('Linf' | 'L2' | 'L1')[]) {
    test(`${name} finds the distance to the nearest face in ${norm}, within 1 %`, () => {
      const plan = planAttack(attackNamed(name), { norm, options });
      const { images } = runAttack(plan, model, examples);
      const after = logitsOf(model, images);
      examples.labels.forEach((label, i) => {
        assert.notEqual(after[i].indexOf(Math.max(...after[i])), label, `example ${i} stands`);
        const exact = nearestFace(norm, logits[i], label);
        const found = distance(norm, row(examples.images, i, features), row(images, i, features));
        // HopSkipJump only guesses its gradients.
        const slack = name === 'hopskipjump' ? 0.05 : 0.01;
        assert.ok(found >= exact * (1 - 1e-3), `example ${i}: ${found} is below ${exact}`);
        assert.ok(found <= exact * (1 + slack), `example ${i}: ${found}, closed form ${exact}`);
      });
    });
  }
}

test('a targeted minimal-norm attack is no nearer than the nearest face', () => {
  const targets = examples.labels.map((label) => (label + 2) % classes);
  for (const name of ['deepfool', 'fab', 'fmn']) {
    const plan = planAttack(attackNamed(name), { norm: 'L2' });
    const { images } = runAttack(plan, model, examples, { kind: 'targeted', targets });
    const after = logitsOf(model, images);
    examples.labels.forEach((label, i) => {
      assert.equal(after[i].indexOf(Math.max(...after[i])), targets[i], `${name} ${i}`);
      const found = distance('L2', row(examples.images, i, features), row(images, i, features));
      const face = toFace('L2', logits[i], label, targets[i]);
      assert.ok(found >= Math.max(face, nearestFace('L2', logits[i], label)) * 0.999);
    });
  }
});

const fixed: [string, ('Linf' | 'L2' | 'L1')[]][] = [
  ['pgd', ['Linf', 'L2', 'L1']],
  ['apgd', ['Linf', 'L2', 'L1']],
  ['apgd-t', ['Linf', 'L2', 'L1']],
  ['autoattack', ['Linf', 'L2']],
];

for (const [name, norms] of fixed) {
  for (const norm of norms) {
    test(`${name} in ${norm} wins with 1 % more than the distance and never with 1 % less`, () => {
      examples.labels.forEach((label, i) => {
        const exact = nearestFace(norm, logits[i], label);
        const one = pick(examples, [i]);
        const wins = (eps: number) => {
          const options: Record<string, number> =
            name === 'pgd' ? { steps: 100, stepSize: eps / 10 } : {};
          const plan = planAttack(attackNamed(name), { norm, eps, options });
          const [z] = logitsOf(model, runAttack(plan, model, one).images);
          return z.indexOf(Math.max(...z)) !== label;
        };
        assert.ok(wins(1.01 * exact), `example ${i} stands`);
        if (name !== 'autoattack') assert.ok(!wins(0.99 * exact), `example ${i} fell too early`);
      });
    });
  }
}

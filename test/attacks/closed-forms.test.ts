/** On a linear model every attack has an answer in closed form: margin / dual norm. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { row } from '../../src/arrays.ts';
import { stepToHyperplane } from '../../src/attacks/hyperplane.ts';
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
  ['ddn', ['L2'], { steps: 300 }],
  ['fmn', ['L2', 'Linf', 'L1'], { steps: 300, stepSize: 0.3 }],
  ['cw-l2', ['L2'], { steps: 400, searches: 14, learningRate: 0.01, initialC: 0.1 }],
  ['ead', ['L1'], { steps: 1000, searches: 14, initialC: 0.1, beta: 1e-3, stepSize: 1e-3 }],
  ['hopskipjump', ['L2'], { steps: 25, initialQueries: 200 }],
];

for (const [name, norms, options] of minimal) {
  for (const norm of norms as ('Linf' | 'L2' | 'L1')[]) {
    test(`${name} finds the distance to the nearest face in ${norm}`, async () => {
      const plan = planAttack(attackNamed(name), { norm, options });
      const { images } = await runAttack(plan, model, examples);
      const after = logitsOf(model, images);
      examples.labels.forEach((label, i) => {
        assert.notEqual(after[i].indexOf(Math.max(...after[i])), label, `example ${i} stands`);
        const exact = nearestFace(norm, logits[i], label);
        const found = distance(norm, row(examples.images, i, features), row(images, i, features));
        // HopSkipJump only guesses its gradients; the elastic net counts L2 as well.
        const slack = name === 'hopskipjump' || name === 'ead' ? 0.05 : 0.01;
        assert.ok(found >= exact * (1 - 1e-3), `example ${i}: ${found} is below ${exact}`);
        assert.ok(found <= exact * (1 + slack), `example ${i}: ${found}, closed form ${exact}`);
      });
    });
  }
}

test('a targeted minimal-norm attack is no nearer than the nearest face', async () => {
  const targets = examples.labels.map((label) => (label + 2) % classes);
  for (const name of ['deepfool', 'fab', 'fmn']) {
    const plan = planAttack(attackNamed(name), { norm: 'L2' });
    const { images } = await runAttack(plan, model, examples, { kind: 'targeted', targets });
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
  ['odi', ['Linf', 'L2', 'L1']],
  ['apgd', ['Linf', 'L2', 'L1']],
  ['apgd-t', ['Linf', 'L2', 'L1']],
  ['autoattack', ['Linf', 'L2']],
];

for (const [name, norms] of fixed) {
  for (const norm of norms) {
    test(`${name} in ${norm} wins with 1 % more than the distance and never with 1 % less`, async () => {
      for (const [i, label] of examples.labels.entries()) {
        const exact = nearestFace(norm, logits[i], label);
        const one = pick(examples, [i]);
        const wins = async (eps: number) => {
          const options: Record<string, number> =
            name === 'pgd' || name === 'odi' ? { steps: 100, stepSize: eps / 10 } : {};
          const plan = planAttack(attackNamed(name), { norm, eps, options });
          const [z] = logitsOf(model, (await runAttack(plan, model, one)).images);
          return z.indexOf(Math.max(...z)) !== label;
        };
        assert.ok(await wins(1.01 * exact), `example ${i} stands`);
        if (name !== 'autoattack')
          assert.ok(!(await wins(0.99 * exact)), `example ${i} fell too early`);
      }
    });
  }
}

/** Images most of whose pixels are 0 or 1, as digits are, on a linear model of two classes. */
const binary = randomAffine(60, 2, 5, 0.4);
const atBounds = (() => {
  const target = linearClassifier({ ...binary, bias: [2.5, 0] });
  const drawn = examplesFor(target, 40);
  const images = drawn.images.map((value, p) => (p % 3 === 0 ? value : Math.round(value)));
  const scores = logitsOf(target, images);
  const labels = Int32Array.from(scores, ([a, b]) => (a >= b ? 0 : 1));
  return { target, scores, batch: { ...drawn, images, labels } };
})();

for (const [name, norms] of [
  ['deepfool', ['L2', 'Linf']],
  ['ddn', ['L2']],
  ['fmn', ['L2', 'Linf', 'L1']],
  ['fab', ['L2', 'Linf', 'L1']],
  ['bb', ['L2', 'Linf', 'L1']],
] as const) {
  for (const norm of norms) {
    test(`${name} in ${norm} finds the boundary where most pixels are at a bound`, async () => {
      const { target, scores, batch } = atBounds;
      const options: Record<string, number> =
        name === 'fmn' || name === 'ddn' ? { steps: 300 } : {};
      const { images } = await runAttack(
        planAttack(attackNamed(name), { norm, options }),
        target,
        batch,
      );
      const after = logitsOf(target, images);
      batch.labels.forEach((label, i) => {
        assert.notEqual(after[i].indexOf(Math.max(...after[i])), label, `example ${i} is correct`);
        const w = Float32Array.from(binary.weights, (line) => line[1 - label] - line[label]);
        const nearest = new Float32Array(60);
        const gap = scores[i][label] - scores[i][1 - label];
        stepToHyperplane(norm, row(batch.images, i, 60), w, gap, nearest);
        const exact = distance(norm, new Float32Array(60), nearest);
        const found = distance(norm, row(batch.images, i, 60), row(images, i, 60));
        assert.ok(found >= exact * (1 - 1e-3), `example ${i}: ${found} is below ${exact}`);
        assert.ok(found <= exact * 1.01, `example ${i}: ${found}, closed form ${exact}`);
      });
    });
  }
}

test('deepfool ends on the boundary: 1 % nearer is not adversarial', async () => {
  const plan = planAttack(attackNamed('deepfool'), { norm: 'L2', options: { overshoot: 0.05 } });
  const { images } = await runAttack(plan, model, examples);
  const nearer = images.map((x, p) => examples.images[p] + 0.99 * (x - examples.images[p]));
  logitsOf(model, nearer).forEach((z, i) => {
    assert.equal(z.indexOf(Math.max(...z)), examples.labels[i]);
  });
});

test('sigma-zero changes at most one feature more than the closed form, and never fewer', async () => {
  const { target, scores, batch } = atBounds;
  const { images } = await runAttack(planAttack(attackNamed('sigma-zero'), {}), target, batch);
  const after = logitsOf(target, images);
  batch.labels.forEach((label, i) => {
    assert.notEqual(after[i].indexOf(Math.max(...after[i])), label, `example ${i} is correct`);
    const original = row(batch.images, i, 60);
    const gains = binary.weights.map((line, p) => {
      const w = line[1 - label] - line[label];
      return w > 0 ? w * (1 - original[p]) : -w * original[p];
    });
    gains.sort((a, b) => b - a);
    let exact = 0;
    for (let gap = scores[i][label] - scores[i][1 - label]; gap >= 0; exact++) gap -= gains[exact];
    const found = distance('L0', original, row(images, i, 60));
    assert.ok(found >= exact && found <= exact + 1, `example ${i}: ${found}, closed form ${exact}`);
  });
});

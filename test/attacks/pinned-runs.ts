/** What every attack does on a small network, in numbers that `pinned.test.ts` compares. */
import { row } from '../../src/arrays.ts';
import {
  type Attack,
  type AttackBatch,
  distance,
  type Goal,
  type LossName,
  type Norm,
  planAttack,
  runAttack,
} from '../../src/attacks/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import type { Classifier } from '../../src/models/index.ts';
import { examplesFor, logitsOf, smallNetwork } from './models.ts';

interface Choice {
  readonly loss?: LossName;
  readonly options?: Readonly<Record<string, number>>;
  /** How the features lie in the image; `[6, 6, 1]` if absent. */
  readonly shape?: Classifier['inputShape'];
}

const FEATURES = 36;
const CLASSES = 4;

/** Short runs that reach every part of an attack; several entries where one cannot. */
const CHOICES: Readonly<Record<string, readonly Choice[]>> = {
  bim: [{ options: { steps: 6 } }],
  pgd: [{ options: { steps: 6, restarts: 2 } }],
  odi: [{ options: { steps: 6, restarts: 2 } }],
  'mi-fgsm': [{ options: { steps: 6, decay: 0.8 } }],
  apgd: [{ options: { steps: 30, restarts: 2 } }],
  'apgd-t': [{ options: { steps: 20, restarts: 2, targets: 2 } }],
  deepfool: [{ options: { steps: 10, overshoot: 0.05 } }],
  'cw-l2': [
    { options: { steps: 30, searches: 4, learningRate: 0.1, initialC: 0.05 } },
    { options: { steps: 30, searches: 4, learningRate: 0.1, initialC: 0.05, confidence: 0.5 } },
    // So slow that runs are given up.
    { options: { steps: 30, searches: 2, learningRate: 1e-6, initialC: 0.05 } },
  ],
  'cw-l0': [{ options: { steps: 30, rounds: 8, learningRate: 0.2, initialC: 0.01 } }],
  'cw-linf': [{ options: { steps: 30, rounds: 5, learningRate: 0.05, initialC: 0.05 } }],
  ddn: [{ options: { steps: 20, firstLength: 0.3 } }],
  ead: [
    { options: { steps: 30, searches: 4, stepSize: 0.05, initialC: 0.1 } },
    { options: { steps: 30, searches: 4, stepSize: 0.05, initialC: 0.1, confidence: 0.5 } },
  ],
  fmn: [{ options: { steps: 20, stepSize: 0.3 } }],
  fab: [{ options: { steps: 6, restarts: 2, targets: 2 } }],
  bb: [{ options: { steps: 20 } }],
  'sigma-zero': [{ options: { steps: 30 } }],
  jsma: [{}, { options: { increase: 0 } }],
  square: [{ options: { queries: 60 } }, { options: { queries: 60 }, shape: [4, 3, 3] }],
  spsa: [{ options: { steps: 6, samples: 16, delta: 0.02 } }],
  hopskipjump: [
    { options: { steps: 4, initialQueries: 20 } },
    // So few decisions that all of a step may be the same, and that its direction may be wrong.
    { options: { steps: 6, initialQueries: 2 } },
  ],
  transfer: [{ options: { steps: 8, decay: 0.8 } }, { options: { steps: 8, confidence: 0.5 } }],
  surrogate: [
    { options: { steps: 6, restarts: 4, every: 3, queries: 30 } },
    { options: { steps: 4, restarts: 1, every: 4, queries: 20 }, shape: [4, 3, 3] },
  ],
};

/** Small enough that some images stay correct. */
const EPS: Readonly<Record<Norm, number>> = { Linf: 0.06, L2: 0.3, L1: 1.2, L0: 5 };
const PLANS: readonly (readonly [number, Readonly<Record<Norm, number>>])[] = [
  [4, { Linf: 0.1, L2: 0.5, L1: 2, L0: 9 }],
  [10, { Linf: 0.3, L2: 2, L1: 12, L0: 112 }],
];

function network(seed: number): Classifier {
  return { ...smallNetwork(FEATURES, CLASSES, seed), inputShape: [6, 6, 1], temperature: 3 };
}

/** Seven images, some of whose pixels are exactly 0 or 1; the label of the last one is wrong. */
function batchFor(model: Classifier): AttackBatch {
  const { images, streams } = examplesFor(model, 7, { low: -0.15, high: 1.15 });
  const clipped = images.map((value) => Math.min(1, Math.max(0, value)));
  const labels = Int32Array.from(logitsOf(model, clipped), (z) => z.indexOf(Math.max(...z)));
  labels[6] = (labels[6] + 1) % CLASSES;
  return { images: clipped, labels, streams };
}

const model = network(21);
const source = network(22);
const batch = batchFor(model);
const weights = (() => {
  const stream = new RandomStream(1, 'test/weights');
  return Float64Array.from({ length: FEATURES }, () => stream.normal());
})();

const goals: Readonly<Record<Goal['kind'], Goal>> = {
  untargeted: { kind: 'untargeted' },
  targeted: { kind: 'targeted', targets: batch.labels.map((label) => (label + 2) % CLASSES) },
};

/** Digits of every number: twice the rounding error is within the tolerance of the test. */
const DIGITS = 4;

const rounded = (values: readonly number[]): string =>
  values.map((value) => Number(value.toPrecision(DIGITS))).join(' ');

/**
 * One run: its forward and backward passes; then for every candidate its L2 distance, its distance
 * in the norm of the threat, its class and the dot product of its change with a random vector.
 */
async function runOf(attack: Attack, norm: Norm, goal: Goal, choice: Choice): Promise<string> {
  const { shape = [6, 6, 1], ...choices } = choice;
  const plan = planAttack(attack, { norm, eps: EPS[norm], ...choices });
  const [own, other] = [model, source].map((one) => ({ ...one, inputShape: shape }));
  const { images, forwards, backwards } = await runAttack(plan, own, batch, goal, other);
  const candidates = logitsOf(model, images).map((z, i) => {
    const [original, image] = [row(batch.images, i, FEATURES), row(images, i, FEATURES)];
    const dot = weights.reduce((sum, weight, p) => sum + weight * (image[p] - original[p]), 0);
    const distances = [distance('L2', original, image), distance(norm, original, image)];
    return rounded([...distances, z.indexOf(Math.max(...z)), dot]);
  });
  return [`${forwards} ${backwards}`, ...candidates].join('; ');
}

/**
 * What an attack does now, run by run: each norm with each goal and each of its choices, then every
 * other loss in its first norm; and what it expects to cost under its default options, with these.
 */
export async function pinnedOf(attack: Attack): Promise<Record<string, string>> {
  const pinned: Record<string, string> = {};
  const choices = CHOICES[attack.name] ?? [{}];
  const pin = async (norm: Norm, kind: Goal['kind'], title: string, choice: Choice) => {
    pinned[`${norm} ${kind} ${title}`] = await runOf(attack, norm, goals[kind], choice);
  };
  for (const kind of attack.goals) {
    for (const norm of attack.norms) {
      for (const [i, choice] of choices.entries()) {
        await pin(norm, kind, `choice ${i}`, choice);
      }
    }
    for (const loss of attack.losses.slice(1)) {
      await pin(attack.norms[0], kind, loss, { ...choices[0], loss });
    }
  }
  for (const norm of attack.norms) {
    for (const [classes, eps] of PLANS) {
      const { options, threat } = planAttack(attack, { norm, eps: eps[norm] });
      const passes = attack.expectedPasses(options, classes, threat);
      const title = `${norm} ${classes} classes, eps ${eps[norm]}: passes, options`;
      pinned[title] = [`${passes}`, ...Object.values(options).map((x) => rounded([x]))].join('; ');
    }
  }
  return pinned;
}

/** Planted defenses: each must raise its own flag and no other serious one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { RandomStream } from '../../src/engine/index.ts';
import {
  type AttackScope,
  conclude,
  evaluate,
  FLAG_CODES,
  identityOf,
  namedAttacks,
  nameOfAttack,
  type PlannedAttack,
  type SurrogateTrainer,
} from '../../src/evaluation/index.ts';
import type { Classifier, Logits } from '../../src/models/index.ts';
import { rescaled, smallNetwork } from '../attacks/models.ts';
import { datasetFor } from './datasets.ts';
import { provenance } from './provenance.ts';

const honest: Classifier = {
  ...smallNetwork(36, 5, 8),
  name: 'honest',
  inputShape: [6, 6, 1],
};
const dataset = await datasetFor(honest, 100);

const planted = (name: string, logits: (images: tf.Tensor4D) => tf.Tensor): Classifier => ({
  ...honest,
  name,
  logits: (images) => logits(images) as Logits,
});

const stopGradient = tf.customGrad((x) => ({
  value: tf.clone(x as tf.Tensor),
  gradFunc: (dy) => tf.zerosLike(dy as tf.Tensor),
}));

const dice = new RandomStream(1, 'test/dice');
function randomTensor(shape: number[], scale: number): tf.Tensor {
  const values = Float32Array.from({ length: shape[0] * shape[1] }, () => scale * dice.normal());
  return tf.tensor(values, shape);
}

const scope: AttackScope = { norm: 'Linf', budgets: [0.03, 0.06], source: 'honest' };
const STANDARD: PlannedAttack[] = [
  ...namedAttacks({ names: ['fgsm'], losses: ['softmax', 'margin'] }, scope),
  ...namedAttacks(
    {
      names: ['pgd', 'noise', 'square', 'surrogate'],
      settings: [
        { attack: 'pgd', option: 'steps', values: [40, 100] },
        { attack: 'square', option: 'queries', values: [200] },
        { attack: 'surrogate', option: 'queries', values: [20] },
      ],
    },
    scope,
  ),
  ...namedAttacks({ names: ['pgd'] }, { ...scope, budgets: [0.5] }),
];

/** The best that distillation could give: the network without the defense. */
const surrogates: SurrogateTrainer = {
  digest: 'honest',
  train: async () => ({ classifier: honest, dispose: () => {} }),
};

async function measured(classifier: Classifier, attacks: readonly PlannedAttack[] = STANDARD) {
  const models = [{ classifier, folder: `models/${classifier.name}`, digest: classifier.name }];
  return evaluate({ models, dataset, samples: 100, attacks, seed: 3, surrogates }, provenance);
}

const serious = async (classifier: Classifier) =>
  (await measured(classifier)).flags
    .filter(({ severity }) => severity === 'serious')
    .map(({ code }) => code);

test('an honest model raises nothing', async () => {
  const { flags, verdicts } = await measured(honest);
  assert.deepEqual(flags, []);
  assert.deepEqual(
    verdicts.map(({ eps, ruling }) => [eps, ruling]),
    [
      [0.03, 'bounded'],
      [0.06, 'bounded'],
    ],
    JSON.stringify(verdicts),
  );
});

test('logits x 40 vanish in cross-entropy', async () => {
  assert.deepEqual(await serious(rescaled(honest, 40)), ['vanished-gradients']);
});

test('a gradient killer is masked', async () => {
  const killer = planted('killer', (images) => honest.logits(stopGradient(images) as tf.Tensor4D));
  assert.deepEqual(await serious(killer), ['masked-gradients']);
});

test('noise on the answers is random', async () => {
  const noisy = planted('noisy', (images) => {
    const logits = honest.logits(images);
    return tf.add(logits, randomTensor(logits.shape, 0.5));
  });
  assert.deepEqual(await serious(noisy), ['random-answers']);
});

test('input rounded to 8 levels is quantized', async () => {
  const rounded = planted('rounded', (images) =>
    honest.logits(tf.div(tf.round(tf.mul(images, 7)), 7)),
  );
  assert.deepEqual(await serious(rounded), ['quantized-input']);
});

test('probabilities are not logits', async () => {
  const softmaxed = planted('softmaxed', (images) => tf.softmax(honest.logits(images)));
  assert.deepEqual(await serious(softmaxed), ['probabilities-as-logits']);
});

test('a vanished gradient gets no verdict from naive attacks, one from adaptive ones', async () => {
  const cold = rescaled(honest, 40);
  const naive = await measured(
    cold,
    namedAttacks({ names: ['fgsm'], losses: ['softmax', 'logits'] }, scope),
  );
  assert.deepEqual(
    naive.verdicts.map(({ ruling }) => ruling),
    ['open', 'open'],
  );
  assert.deepEqual(naive.verdicts[0].request, {
    model: `models/${cold.name}`,
    attacks: { preset: 'quick' },
    data: null,
    norm: 'Linf',
    eps: [0.03, 0.06],
    samples: 100,
    seed: 3,
  });
  const adaptive = await measured(cold);
  assert.ok(adaptive.verdicts.every(({ settled }) => settled));
  assert.match(adaptive.verdicts[0].reason, /^robust accuracy .* at most /);
});

test('a model next to one whose logits are 40 times smaller is told so', async () => {
  const models = [honest, rescaled(honest, 40)].map((classifier) => ({
    classifier,
    folder: classifier.name,
    digest: classifier.name,
  }));
  const { flags } = await evaluate(
    { models, dataset, samples: 20, attacks: [], seed: 3 },
    provenance,
  );
  const note = flags.find(({ code }) => code === 'logit-scale');
  assert.ok(note && Math.abs(note.value - 40) < 0.1 && note.severity === 'note');
});

test('an iterative attack that is stuck loses to one step, and is told so', async () => {
  const stuck = namedAttacks({ names: ['pgd'] }, scope).map(({ plan }) => ({
    plan: { ...plan, options: { ...plan.options, stepSize: 0 } },
  }));
  const attacks = [...namedAttacks({ names: ['fgsm'], losses: ['margin'] }, scope), ...stuck];
  const codes = (await measured(honest, attacks)).flags.map(({ code }) => code);
  assert.deepEqual(codes, ['single-step-beats-iterative']);
});

test('an attack that fails at half the pixel range is told so', async () => {
  const [{ plan }] = namedAttacks({ names: ['bim'] }, { ...scope, budgets: [0.5] });
  const stuck = { plan: { ...plan, options: { ...plan.options, stepSize: 0 } } };
  const record = await measured(honest, [stuck]);
  assert.equal(record.attacks[0].robust.rate, 1);
  assert.deepEqual(
    record.flags.map(({ code }) => code),
    ['large-budget-fails'],
  );
});

test('a minimal attack that finds nothing, or less than a fixed budget does, is told so', async () => {
  const [{ plan }] = namedAttacks({ names: ['fmn'] }, scope);
  const still = { plan: { ...plan, options: { ...plan.options, stepSize: 0 } } };
  const stuck = await measured(honest, [still]);
  assert.deepEqual(
    stuck.flags.map(({ code, severity }) => `${code} ${severity}`),
    ['minimal-attack-fails serious'],
  );
  assert.equal(stuck.flags[0].value, 1);
  const sound = await measured(honest, [
    ...namedAttacks({ names: ['fmn', 'pgd'] }, { ...scope, budgets: [0.06] }),
  ]);
  assert.deepEqual(sound.flags, []);
  const attacks = sound.attacks.map((attack) => ({
    ...attack,
    distance: attack.distance.map((far) => (attack.eps === null ? 3 * far : far)),
  }));
  assert.deepEqual(
    conclude({ ...sound, attacks }).flags.map(({ code, severity }) => `${code} ${severity}`),
    ['minimal-attack-beaten note'],
  );
});

test('an attack that more steps still help is told so', async () => {
  const steps = { attack: 'pgd', option: 'steps', values: [2, 40] };
  const stepSize = { attack: 'pgd', option: 'stepSize', values: [0.003] };
  const attacks = namedAttacks(
    { names: ['pgd'], settings: [steps, stepSize] },
    { ...scope, budgets: [0.06] },
  );
  const { flags, attacks: found } = await measured(honest, attacks);
  assert.ok(found[1].robust.rate < found[0].robust.rate - 0.03);
  assert.deepEqual(
    flags.map(({ code, severity }) => `${code} ${severity}`),
    ['not-converged note'],
  );
});

test('more budget, steps or restarts that help the defender are told', async () => {
  const weak = namedAttacks({ names: ['pgd'] }, { ...scope, budgets: [0.06] });
  const worse: [string, number][] = [
    ['steps', 80],
    ['restarts', 5],
  ];
  const stuck = [
    ...worse.map(([option, value]) =>
      namedAttacks(
        { names: ['pgd'], settings: [{ option, values: [value] }] },
        { ...scope, budgets: [0.06] },
      ),
    ),
    namedAttacks({ names: ['pgd'] }, { ...scope, budgets: [0.07] }),
  ];
  for (const [{ plan }] of stuck) {
    const broken = { plan: { ...plan, options: { ...plan.options, stepSize: 0 } } };
    const { flags } = await measured(honest, [...weak, broken]);
    assert.deepEqual(
      flags.map(({ code }) => code),
      ['stronger-is-weaker'],
    );
  }
});

test('every setting is run with every other, and mistakes in them are told', () => {
  const planned = namedAttacks(
    {
      names: ['fgsm', 'pgd', 'square'],
      settings: [
        { option: 'steps', values: [5, 10] },
        { attack: 'pgd', option: 'restarts', values: [1, 2] },
      ],
    },
    { ...scope, budgets: [0.1] },
  );
  assert.deepEqual(
    planned.map((one) => nameOfAttack(identityOf(one))),
    [
      'fgsm Linf 0.1 margin',
      'pgd Linf 0.1 margin steps=5',
      'pgd Linf 0.1 margin steps=5 restarts=2',
      'pgd Linf 0.1 margin steps=10',
      'pgd Linf 0.1 margin steps=10 restarts=2',
      'square Linf 0.1',
    ],
  );
  const refused = (names: string[], attack: string | undefined, option: string, as: RegExp) =>
    assert.throws(
      () =>
        namedAttacks(
          { names, settings: [{ ...(attack && { attack }), option, values: [1] }] },
          scope,
        ),
      as,
    );
  refused(['fgsm'], undefined, 'steps', /no attack here has the option 'steps'/);
  refused(['pgd'], 'apgd', 'steps', /pgd\.steps is for an attack that is not run/);
  refused(['fgsm', 'pgd'], 'fgsm', 'steps', /no attack here has the option/);
});

test('every flag has its page', () => {
  const page = readFileSync('docs/honest-evaluation.md', 'utf8');
  for (const code of FLAG_CODES) {
    const section = page.split(`\n### ${code}\n`)[1]?.split('\n### ')[0] ?? '';
    for (const part of ['Raised if', 'Explanation', 'Advice']) {
      assert.ok(section.includes(`**${part}**`), `${code}: ${part}`);
    }
  }
});

test('what makes results void is serious, and says what to do', async () => {
  const sound = await measured(
    honest,
    namedAttacks({ names: ['fgsm'], losses: ['margin'] }, scope),
  );
  assert.deepEqual(sound.flags, []);
  const [model] = sound.models;
  const [attack, ...others] = sound.attacks;
  const failure = { model: model.name, attack: 'pgd', message: 'no logits' };
  const unlike = (changes: Partial<typeof sound>) => conclude({ ...sound, ...changes }).flags;
  for (const [code, value, advice, flags] of [
    [
      'unchecked-range',
      1,
      /^import the model again with labeled images/,
      unlike({ models: [{ ...model, pixelRange: 'assumed' }] }),
    ],
    [
      'illegal-candidates',
      2,
      /^report it as a bug of the attack/,
      unlike({ attacks: [{ ...attack, legal: attack.legal.map((_, i) => i > 1) }, ...others] }),
    ],
    [
      'unverified-examples',
      3,
      /^look at the file system/,
      unlike({ attacks: [{ ...attack, unverified: 3 }, ...others] }),
    ],
    [
      'failed-attack',
      2,
      /^fix what the error names/,
      unlike({ failures: [failure, failure, { ...failure, model: 'another' }] }),
    ],
  ] as const) {
    assert.deepEqual(
      flags.map((flag) => [flag.code, flag.severity, flag.value, flag.threshold]),
      [[code, 'serious', value, 0]],
    );
    assert.match(flags[0].advice, advice);
  }
});

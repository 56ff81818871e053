import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  attackExampleFiles,
  attackExampleText,
  pickAttackExample,
} from '../../src/cli/attack-example.ts';
import { imagesToAttack, requireIndex } from '../../src/cli/images.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import type { AttackRecord, EvaluationRecord } from '../../src/evaluation/index.ts';
import { nameOfModel } from '../../src/library/index.ts';
import { encodeGrid, perturbationPicture, pictureOf } from '../../src/report/index.ts';
import { linearClassifier } from '../attacks/models.ts';
import { datasetFor } from '../evaluation/datasets.ts';
import { smallRecord } from '../report/records.ts';

/** Two pixels, two classes: the class is the brighter pixel. */
const modelNamed = (name: string, scale: number) => {
  const affine = linearClassifier({ weights: [[scale, 0], [0, scale]], bias: [0, 0] }); // biome-ignore format: a matrix
  return { classifier: { ...affine, name }, folder: `models/${name}`, digest: name };
};
const models = [modelNamed('first', 1), modelNamed('second', 2)];
const dataset = {
  ...(await datasetFor(models[0].classifier, 3)),
  images: Uint8Array.of(255, 0, 255, 0, 0, 255),
  labels: Uint8Array.of(0, 1, 1),
};
const candidates = new Map([
  ['first', Float32Array.of(0.9, 0.1, 0.4, 0.6, 1, 0.5)],
  ['second', Float32Array.of(0.8, 0.2, 0.3, 0.7, 0.25, 0.75)],
]);

/** A record in which the attack succeeds on the second and third image. */
async function exampleRecord(success: boolean[]): Promise<EvaluationRecord> {
  const record = await smallRecord();
  const attackOn = (model: string): AttackRecord => ({
    ...record.attacks[0],
    model,
    positions: [0, 1, 2],
    success,
  });
  const cards = models.map(({ classifier: { name } }) => ({
    ...record.models[0],
    name,
    predicted: [0, 0, 1],
  }));
  return { ...record, models: cards, attacks: [attackOn('first'), attackOn('second')] };
}

describe('the attacked image that is shown', () => {
  it('is the first that was right until it was attacked, with the predictions of all models', async () => {
    const record = await exampleRecord([false, true, true]);
    const example = await pickAttackExample(record, models, dataset, candidates);
    assert.equal(
      attackExampleText(example, new Terminal({})),
      [
        'original  perturbation  attacked',
        ' @  +-  @+',
        '',
        'random/test 102, true class 1; largest change of a pixel 1.000',
        'first on the clean image                class 1 (73.11 %)',
        'first on the attacked image             class 0 (62.25 %)',
        'second on the same attacked image       class 0 (73.11 %)',
        'second on an image attacked for itself  class 1 (73.11 %)',
      ].join('\n'),
    );
  });

  it('is the first of all if none was', async () => {
    const record = await exampleRecord([false, true, false]);
    const example = await pickAttackExample(record, models, dataset, candidates);
    assert.equal(example.source, 'random/test 100');
    assert.deepEqual(example.original, Float32Array.of(1, 0));
    assert.deepEqual(example.attacked, Float32Array.of(0.9, 0.1).map(Math.fround));
  });

  it('is saved as original, perturbation and attacked image', async () => {
    const record = await exampleRecord([false, true, true]);
    const example = await pickAttackExample(record, models, dataset, candidates);
    const grid = [
      [
        pictureOf(Float32Array.of(0, 1), [1, 2, 1]),
        perturbationPicture(Float32Array.of(1, -0.5), [1, 2], 1),
        pictureOf(Float32Array.of(1, 0.5), [1, 2, 1]),
      ],
    ];
    assert.deepEqual(attackExampleFiles(example), { 'attacked.png': encodeGrid(grid) });
  });
});

describe('the images to attack', () => {
  it('are the first ones, or the one that --index names', () => {
    const indicesOf = (samples: number, index?: number) => [
      ...imagesToAttack(dataset, samples, index).indices,
    ];
    assert.deepEqual(indicesOf(2), [100, 101]);
    assert.deepEqual(indicesOf(9), [100, 101, 102]);
    assert.deepEqual(indicesOf(9, 0), [100]);
    assert.deepEqual(indicesOf(1, 2), [102]);
  });

  it('do not go beyond the last one', () => {
    assert.equal(requireIndex(dataset, 2), 2);
    assert.throws(() => requireIndex(dataset, 3), {
      code: 'bad-flag',
      message: 'there is no test image 3',
      hint: '--index goes from 0 to 2',
    });
  });
});

describe('the name of a model', () => {
  it('is that of its folder', () => {
    assert.equal(nameOfModel('models/student'), 'student');
    assert.equal(nameOfModel('models/student/'), 'student');
    assert.equal(nameOfModel('.'), nameOfModel(process.cwd()));
  });
});

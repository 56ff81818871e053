/** Records whose parts disagree are refused, whatever was changed. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { attackNamed, evaluate, parseRecord, planAttack, startEngine } from '../../src/index.ts';
import { bandModel, bands } from '../library/models.ts';

// biome-ignore lint/suspicious/noExplicitAny: what is changed may be anything
type Any = any;

/** What is changed, and what the message must name. */
const CHANGES: readonly [name: string, change: (record: Any) => void, message: RegExp][] = [
  ['a label fewer', ({ data }) => data.labels.pop(), /indices and \d+ labels/],
  ['an index fewer', ({ data }) => data.indices.pop(), /indices and \d+ labels/],
  ['another label', ({ data }) => (data.labels[0] = (data.labels[0] + 1) % 3), /confusion matrix/],
  ['a class that is none', ({ data }) => (data.labels[0] = 99), /a class beyond/],
  ['a prediction fewer', ({ models }) => models[0].predicted.pop(), /predictions for/],
  ['another prediction', ({ models }) => (models[0].predicted[0] = 99), /a class beyond/],
  ['a moved count', ({ models }) => models[0].confusion[0].reverse(), /confusion matrix/],
  ['a class fewer', ({ models }) => models[0].confusion.pop(), /a class beyond|confusion matrix/],
  ['more accuracy', ({ models }) => (models[0].accuracy.rate = 0.99), /an accuracy/],
  ['other hits', ({ models }) => (models[0].accuracy.hits += 1), /an accuracy/],
  ['a narrow interval', ({ models }) => (models[0].accuracy.low = 0.9), /an accuracy/],
  ['other classes', ({ models }) => models[0].perClass.reverse(), /accuracies by class/],
  ['a ratio fewer', ({ models }) => models[0].gradientTruth[0].ratios.pop(), /gradient truths/],
  ['a gap fewer', ({ models }) => models[0].gaps.pop(), /gaps of other images/],
  ['a changed answer', ({ models }) => (models[0].answers.repeated[0] = false), /answers that/],
  ['a lost gradient', ({ models }) => (models[0].gradients[0].largest[0] = 0), /gradients that/],
  ['a wrong sign', ({ models }) => (models[0].gradients[0].wrongPixels[0] += 1), /gradients that/],
  ['queries of no row', ({ attacks }) => (attacks[0].queries = [1]), /rows of different numbers/],
  ['a row fewer', ({ attacks }) => attacks[0].predicted.pop(), /rows of different numbers/],
  ['a distance fewer', ({ attacks }) => attacks[0].distance.pop(), /rows of different numbers/],
  ['an image beyond', ({ attacks }) => (attacks[0].positions[0] = 9999), /not there/],
  ['a target', ({ attacks }) => (attacks[0].target = 1), /targets for another goal/],
  ['a failure more', ({ attacks }) => flip(attacks[0], true), /robust accuracy/],
  ['a success more', ({ attacks }) => flip(attacks[1], false), /a success whose|robust accuracy/],
  ['an illegal success', ({ attacks }) => attacks[0].legal.fill(false), /a success whose/],
  ['a better model', ({ attacks }) => (attacks[0].robust.hits += 1), /robust accuracy/],
  ['a stranger', ({ attacks }) => (attacks[0].model = 'another'), /no model of the record/],
  ['a twin', ({ models }) => models.push(models[0]), /two models have one name/],
  ['a worst case', ({ worstCases }) => (worstCases[0].model = 'another'), /a conclusion is on/],
  ['class names', ({ data }) => (data.classNames = ['one']), /name 1 classes/],
];

/** Makes the first success a failure, or the first failure a success. */
function flip(attack: Any, from: boolean): void {
  const at = attack.success.indexOf(from);
  assert.ok(at >= 0);
  attack.success[at] = !from;
}

describe('a record', () => {
  let text = '';
  before(async () => {
    await startEngine('auto', 1);
    const record = await evaluate({
      models: [bandModel('plain')],
      data: { test: bands('bands/test', 40), source: 'bands' },
      attacks: [0.2, 0.01].map((eps) => planAttack(attackNamed('fgsm'), { eps })),
      samples: 20,
    });
    text = JSON.stringify(record);
  });

  it('is read as it was written', () => {
    assert.deepEqual(parseRecord(text), JSON.parse(text));
  });

  for (const [name, change, message] of CHANGES) {
    it(`with ${name} is refused`, () => {
      const record = JSON.parse(text);
      change(record);
      assert.throws(() => parseRecord(JSON.stringify(record)), { code: 'bad-record', message });
    });
  }
});

/** Several records of the same images as one, as if one evaluation had done it all. */
import { ATTACKS } from '../attacks/index.ts';
import { UserError } from '../errors.ts';
import { joinedCertificates } from './certificates.ts';
import { conclude } from './conclusions.ts';
import { judgeAgain } from './gates.ts';
import { keyOfAttack, nameOfAttack } from './names.ts';
import type { AttackRecord, EvaluationRecord, ModelRecord } from './records.ts';
import { byNormAndSize } from './worst-case.ts';

/**
 * The first record's measurements, the models and attacks that the others add, and what follows
 * from all of them: worst cases, tests, flags, verdicts and gates are worked out again, because a
 * conclusion from some of the attacks overstates robustness.
 * @throws UserError `foreign-record` when two do not fit together
 */
export function joinRecords(records: readonly EvaluationRecord[]): EvaluationRecord {
  const [first, ...others] = records;
  if (others.length === 0) return first;
  const models = [...first.models];
  const attacks = [...first.attacks];
  for (const other of others) {
    if (other.data.digest !== first.data.digest) {
      throw new UserError(
        'foreign-record',
        `the records are of different images: ${first.data.name} and ${other.data.name}`,
        { hint: 'make a report of each' },
      );
    }
    if (other.levels !== first.levels) {
      const levelsOf = ({ levels }: EvaluationRecord) => (levels ? `${levels} levels` : 'float32');
      throw new UserError(
        'foreign-record',
        `the records attack pixels of different precision: ${levelsOf(first)} and ${levelsOf(other)}`,
        { hint: 'make a report of each' },
      );
    }
    for (const model of other.models) {
      const index = models.findIndex(({ name }) => name === model.name);
      if (index < 0) {
        models.push(model);
        continue;
      }
      const known = models[index];
      if (asMeasured(known) !== asMeasured(model)) {
        throw new UserError(
          'foreign-record',
          `the records know two different models named ${model.name}`,
          { hint: 'make a report of each, or evaluate again' },
        );
      }
      const curves = joinedCurves(known, model);
      models[index] = {
        ...known,
        gradientTruth: joinedTruth(known, model),
        ...(curves && { curves }),
      };
    }
    for (const attack of other.attacks) addAttack(attacks, attack);
  }
  const failures = records
    .flatMap((record) => record.failures ?? [])
    .filter(
      ({ model, attack }) =>
        !attacks.some((own) => own.model === model && nameOfAttack(own) === attack),
    );
  // What is joined is no evaluation that could be done again.
  const { inputsDigest, ...configuration } = first.configuration;
  const { failures: own, answer, ...rest } = first;
  const certificates = joinedCertificates(records);
  const joined = conclude({
    ...rest,
    configuration,
    models,
    attacks,
    ...(failures.length > 0 && { failures }),
    ...(certificates.length > 0 && { certificates }),
  });
  return {
    ...joined,
    gates: judgeAgain(
      records.flatMap(({ gates }) => gates),
      joined,
    ),
  };
}

/** What a model is in a record, and how it was asked. */
const asMeasured = ({ digest, draws, bpda }: ModelRecord): string =>
  JSON.stringify([digest, draws, bpda]);

/** What both know of the gradient at every budget; of one budget, the one of more images. */
function joinedTruth(one: ModelRecord, other: ModelRecord): ModelRecord['gradientTruth'] {
  const images = ({ ratios }: ModelRecord['gradientTruth'][number]) => ratios[0]?.length ?? 0;
  const all = [...one.gradientTruth, ...other.gradientTruth].sort((a, b) => images(b) - images(a));
  return all
    .filter(
      ({ norm, eps }, i) => all.findIndex((own) => own.norm === norm && own.eps === eps) === i,
    )
    .sort(byNormAndSize);
}

/** The curves of both; of one attack in one norm, the one that goes further or has more images. */
function joinedCurves(one: ModelRecord, other: ModelRecord): ModelRecord['curves'] {
  if (!one.curves || !other.curves) return one.curves ?? other.curves;
  const all = [...one.curves, ...other.curves].sort(
    (a, b) => b.budgets.length - a.budgets.length || b.eps - a.eps,
  );
  return all.filter(
    ({ norm, attack }, i) =>
      all.findIndex((own) => own.norm === norm && own.attack === attack) === i,
  );
}

/** Adds an attack; of the same one on fewer and on more images, the one on more stays. */
function addAttack(attacks: AttackRecord[], attack: AttackRecord): void {
  const index = attacks.findIndex((own) => isSame(own, attack));
  if (index < 0) {
    attacks.push(attack);
    return;
  }
  const own = attacks[index];
  const [shorter, longer] =
    own.success.length < attack.success.length ? [own, attack] : [attack, own];
  // A surrogate learns the images that will be attacked: with more of them, it is another one.
  const isLearned = shorter.success.length < longer.success.length && readsSurrogate(attack);
  if (!isLearned && !isBeginning(shorter, longer)) {
    throw new UserError(
      'foreign-record',
      `the records disagree on what ${nameOfAttack(attack)} did to ${attack.model}`,
      { hint: 'make a report of each, or evaluate with one seed and engine' },
    );
  }
  attacks[index] = longer;
}

const readsSurrogate = ({ attack }: AttackRecord): boolean =>
  ATTACKS.some(({ name, access }) => name === attack && access === 'surrogate');

const isSame = (one: AttackRecord, other: AttackRecord): boolean =>
  one.model === other.model && keyOfAttack(one) === keyOfAttack(other);

/** Whether one attack did to its images what the other did to the same ones. */
const isBeginning = (shorter: AttackRecord, longer: AttackRecord): boolean =>
  shorter.success.every(
    (success, row) =>
      success === longer.success[row] &&
      shorter.positions[row] === longer.positions[row] &&
      shorter.predicted[row] === longer.predicted[row],
  );

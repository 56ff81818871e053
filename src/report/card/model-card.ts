/** A model card (Mitchell et al. 2019) as data: what a model is, and what was measured of it. */
import { ATTACKS, NORMS } from '../../attacks/index.ts';
import {
  type AttackRecord,
  type EvaluationRecord,
  nameOfAttack,
  type Rate,
} from '../../evaluation/index.ts';
import { type ModelCard, parameterCount } from '../../models/index.ts';
import { numberText } from '../../numbers.ts';
import { distinct } from '../text.ts';
import { attackerOf, OUT_OF_SCOPE } from './threat-terms.ts';

export const CARD_SCHEMA = 'distill-model-card/1';

/** Attacks of one kind of attacker, as they were run. */
function threatsIn(attacks: readonly AttackRecord[]) {
  const groups = new Map<string, AttackRecord[]>();
  for (const attack of attacks) {
    const key = JSON.stringify([attackerOf(attack.attack), attack.target === null]);
    groups.set(key, [...(groups.get(key) ?? []), attack]);
  }
  return [...groups.values()].flatMap((group) => {
    const attacker = attackerOf(group[0].attack);
    if (attacker === undefined) return [];
    return [
      {
        objective: 'integrity violation (evasion)',
        goal: group[0].target === null ? 'untargeted' : 'targeted',
        knowledge: attacker.knowledge,
        capabilities: attacker.capabilities,
        atlas: attacker.techniques,
        budgets: distinct(group.map(budgetText)),
        attacks: distinct(group.map(({ attack }) => attack)),
      },
    ];
  });
}

const budgetText = ({ norm, eps }: AttackRecord): string =>
  eps === null ? `${norm}, smallest found` : `${norm} ${numberText(eps)}`;

/** What was not tried on this model, although this program can. */
function untested(attacks: readonly AttackRecord[]): string[] {
  const norms = NORMS.filter((norm) => !attacks.some((attack) => attack.norm === norm));
  const kinds = distinct(ATTACKS.map(({ access }) => access)).filter(
    (access) =>
      !attacks.some(({ attack }) => ATTACKS.find(({ name }) => name === attack)?.access === access),
  );
  const isTargeted = attacks.some(({ target }) => target !== null);
  return [
    ...(norms.length > 0 ? [`perturbations in ${norms.join(', ')}`] : []),
    ...kinds.map((access) => `attacks with access to the model by ${access}`),
    ...(isTargeted ? [] : ['targeted attacks']),
    ...OUT_OF_SCOPE,
  ];
}

const rateOfRecord = ({ hits, total, rate, low, high }: Rate) => ({ hits, total, rate, low, high });

/** What one record says of the model. */
function evaluationOf(record: EvaluationRecord, model: EvaluationRecord['models'][number]) {
  const own = record.attacks.filter((attack) => attack.model === model.name);
  return {
    startedAt: record.startedAt,
    program: record.program,
    seed: record.seed,
    data: { name: record.data.name, digest: record.data.digest, images: record.data.labels.length },
    accuracy: rateOfRecord(model.accuracy),
    worstCases: record.worstCases
      .filter((one) => one.model === model.name)
      .map(({ norm, eps, ...rate }) => ({ norm, eps, ...rateOfRecord(rate) })),
    ...(record.certificates && {
      certified: record.certificates
        .filter((one) => one.model === model.name)
        .map(({ norm, eps, certified }) => ({ norm, eps, ...rateOfRecord(certified) })),
    }),
    attacks: own.map((attack) => ({
      name: nameOfAttack(attack),
      robust: rateOfRecord(attack.robust),
      forwards: attack.forwards,
      backwards: attack.backwards,
    })),
    failures: (record.failures ?? [])
      .filter((failure) => failure.model === model.name)
      .map(({ attack, message }) => ({ attack, message })),
    flags: record.flags
      .filter((flag) => flag.model === model.name)
      .map(({ code, severity, advice }) => ({ code, severity, advice })),
    verdicts: record.verdicts
      .filter((verdict) => verdict.model === model.name)
      .map(({ norm, eps, ruling, reason, evidence }) => ({
        norm,
        eps,
        ruling,
        reason,
        evidence: evidence.map(({ code, met, detail }) => ({ code, met, detail })),
      })),
    gates: record.gates
      .filter((gate) => gate.model === model.name)
      .map(({ gate, value, met }) => ({ gate, value, met })),
  };
}

/**
 * The card of a model.
 * @param card of its folder
 * @param records evaluations; those of other models are left out
 */
export function modelCard(name: string, card: ModelCard, records: readonly EvaluationRecord[]) {
  const { digest, network, temperature, role, settings, data, softLabels, history } = card;
  const measured = records.flatMap((record) => {
    const model = record.models.find((one) => one.digest === digest);
    return model ? [{ record, model }] : [];
  });
  const attacks = measured.flatMap(({ record, model }) =>
    record.attacks.filter((attack) => attack.model === model.name),
  );
  const { architecture, inputShape, classes } = network;
  const named = measured.find(({ record }) => record.data.classNames !== undefined);
  return {
    schema: CARD_SCHEMA,
    model: {
      name,
      digest,
      role,
      architecture,
      parameters: parameterCount(network),
      inputShape,
      classes,
      /** As the data of the first evaluation that names them do. */
      classNames: named?.record.data.classNames ?? null,
      temperature,
      program: card.program,
    },
    training: {
      data: data ?? null,
      softLabels: softLabels ?? null,
      settings,
      engine: card.engine,
      epochs: history.length,
      last: history.at(-1) ?? null,
    },
    threatModel: threatsIn(attacks),
    evaluations: measured.map(({ record, model }) => evaluationOf(record, model)),
    notTested: untested(attacks),
  };
}

export type ModelCardDocument = ReturnType<typeof modelCard>;

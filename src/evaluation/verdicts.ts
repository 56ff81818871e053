/** The verdict on each model at each budget: broken, bounded on evidence, or open. */
import type { Norm } from '../attacks/index.ts';
import { percent } from '../numbers.ts';
import { type Rate, rateOf } from './accuracy.ts';
import { FIRST_DRAWS, MOST_DRAWS } from './draws.ts';
import {
  evidenceTitle,
  gatherEvidence,
  gradientFreeIn,
  type Situation,
  suppliedBy,
} from './evidence.ts';
import { LARGE_EPS } from './large-eps.ts';
import { type AttackIdentity, identityOf, keyOfAttack } from './names.ts';
import { robustAccuracy } from './paired-tests.ts';
import { namedAttacks, presetAttacks } from './presets.ts';
import type {
  EvaluationRecord,
  EvaluationRequest,
  Evidence,
  ModelRecord,
  Verdict,
} from './records.ts';
import { aimsAnywhere, budgetsOf } from './worst-case.ts';

type Judged = Omit<EvaluationRecord, 'verdicts' | 'gates'>;

/** A model is broken where it is no better than this, and no better than guessing. */
const BROKEN = 0.1;
/** Steps of the attack that is asked for where even the presets were not enough. */
const MANY_STEPS = 100;
const MOST_STEPS = 1600;
const SQUARE_QUERIES = 500;

/**
 * One verdict a model and budget. A model without any attack that aims away from the true class
 * within a budget gets one that is open, with neither norm nor eps.
 */
export function reachVerdicts(record: Judged): Verdict[] {
  return record.models.flatMap((model) => {
    const attacks = record.attacks.filter(
      (attack) => attack.model === model.name && aimsAnywhere(attack),
    );
    const threats = budgetsOf(attacks);
    if (threats.length === 0) return [unattacked(record, model, attacks[0]?.norm ?? 'Linf')];
    return withSharedRequests(
      threats.map((threat) => verdictAt(record, { model, threat, attacks, flags: record.flags })),
    );
  });
}

/** Verdicts on one model that ask for the same attacks in the same norm ask for them at all budgets. */
function withSharedRequests(verdicts: readonly Verdict[]): Verdict[] {
  const keyOf = ({ norm, attacks, draws, bpda }: EvaluationRequest) =>
    JSON.stringify([norm, attacks, draws, bpda]);
  const requests = verdicts.flatMap(({ request }) => request ?? []);
  return verdicts.map(({ request, ...verdict }) => {
    const same = requests.filter((one) => request && keyOf(one) === keyOf(request));
    const eps = [...new Set(same.flatMap((one) => one.eps))].sort((a, b) => a - b);
    return { ...verdict, request: request && { ...request, eps } };
  });
}

function unattacked(record: Judged, model: ModelRecord, norm: Norm): Verdict {
  return {
    model: model.name,
    norm: null,
    eps: null,
    ruling: 'open',
    settled: false,
    rate: null,
    evidence: [],
    reason: 'no untargeted attack was run within a budget',
    request: { ...asked(record, model, { norm, eps: [] }), attacks: { preset: 'quick' } },
  };
}

function verdictAt(record: Judged, situation: Situation): Verdict {
  const { model, threat } = situation;
  const { norm, eps } = threat;
  const found = record.worstCases.find(
    (one) => one.model === model.name && one.norm === norm && one.eps === eps,
  );
  const rate = rateOf(found?.hits ?? 0, found?.total ?? 0);
  const evidence = gatherEvidence(situation);
  const absent = evidence.filter((one) => !one.met);
  const isBroken = rate.high <= Math.min(BROKEN, 1 / model.confusion.length);
  const ruling = isBroken ? 'broken' : absent.length === 0 ? 'bounded' : 'open';
  return {
    model: model.name,
    norm,
    eps,
    ruling,
    settled: ruling !== 'open',
    rate,
    evidence,
    reason: reasonOf(ruling, situation, rate, absent),
    request: ruling === 'open' ? requestFor(record, situation, evidence) : null,
  };
}

function reasonOf(
  ruling: Verdict['ruling'],
  { model: { draws }, threat }: Situation,
  rate: Rate,
  absent: readonly Evidence[],
): string {
  const mean = draws === undefined ? '' : ` for the mean of ${draws} answers`;
  const bound = `${robustAccuracy(threat)} at most ${percent(rate.rate)}${mean}`;
  if (ruling !== 'open') return bound;
  const list = absent.map(({ code, detail }) => `${evidenceTitle(code)} (${detail})`).join('; ');
  return `these attacks leave ${bound}, but not seen: ${list}`;
}

/** An evaluation of one model on the same images with the same seed. */
function asked(
  { configuration, data, seed, levels }: Judged,
  { folder, draws, bpda }: ModelRecord,
  { norm, eps }: Pick<EvaluationRequest, 'norm' | 'eps'>,
): Omit<EvaluationRequest, 'attacks'> {
  return {
    model: folder,
    data: typeof configuration.data === 'string' ? configuration.data : null,
    norm,
    eps,
    samples: typeof configuration.samples === 'number' ? configuration.samples : data.labels.length,
    seed,
    ...(draws !== undefined && { draws }),
    ...(levels !== undefined && { levels }),
    ...(bpda && { bpda }),
  };
}

/** An evaluation that may be asked for, and what it runs at one budget. */
interface Candidate {
  readonly attacks: EvaluationRequest['attacks'];
  readonly eps: readonly number[];
  readonly runs: readonly AttackIdentity[];
}

/**
 * The first evaluation, from the quickest on, whose attacks may supply all the missing evidence that
 * any can supply, by attacks that were not run yet; null where none can.
 */
function requestFor(
  record: Judged,
  situation: Situation,
  evidence: readonly Evidence[],
): EvaluationRequest | null {
  const { model, threat, attacks } = situation;
  const draws = model.draws === undefined ? FIRST_DRAWS : 4 * model.draws;
  if (evidence.some(({ code, met }) => code === 'repeatable' && !met)) {
    if (draws > MOST_DRAWS) return null;
    return {
      ...asked(record, model, { ...threat, eps: [threat.eps] }),
      attacks: { preset: 'quick' },
      draws,
    };
  }
  const done = new Set(attacks.map(keyOfAttack));
  const candidates = candidatesFor(situation).map((candidate) => {
    const fresh = candidate.runs.filter((run) => !done.has(keyOfAttack(run)));
    return { ...candidate, supplied: suppliedBy(fresh, evidence, situation) };
  });
  const most = Math.max(0, ...candidates.map(({ supplied }) => supplied.length));
  const chosen = candidates.find(({ supplied }) => supplied.length === most);
  if (most === 0 || chosen === undefined) return null;
  return {
    ...asked(record, model, { norm: threat.norm, eps: [...chosen.eps] }),
    attacks: chosen.attacks,
  };
}

function candidatesFor({ model, threat, attacks }: Situation): Candidate[] {
  const { norm, eps } = threat;
  const scope = { norm, budgets: [eps], source: '', classes: model.confusion.length };
  const presets = (['quick', 'standard'] as const).map((preset) => ({
    attacks: { preset },
    eps: [eps],
    runs: presetAttacks(preset, scope).map(identityOf),
  }));
  const name = norm === 'L0' ? 'fmn' : 'apgd';
  const steps = attacks
    .filter((attack) => attack.attack === name && attack.norm === norm)
    .reduce((most, { options }) => Math.max(most, options.steps ?? 0), MANY_STEPS);
  if (4 * steps > MOST_STEPS) return presets;
  const free = gradientFreeIn(threat);
  const stronger = {
    names: [name, ...free],
    losses: ['margin' as const],
    settings: [
      { attack: name, option: 'steps', values: [steps, 4 * steps] },
      ...(free.includes('square')
        ? [{ attack: 'square', option: 'queries', values: [SQUARE_QUERIES] }]
        : []),
    ],
  };
  const budgets = norm === 'L0' ? [eps] : [eps, LARGE_EPS[norm]];
  const runs = namedAttacks(stronger, { ...scope, budgets }).map(identityOf);
  return [...presets, { attacks: stronger, eps: budgets, runs }];
}

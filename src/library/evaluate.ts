/** An evaluation as one call. */
import { type AttackPlan, type Norm, USUAL_EPS } from '../attacks/index.ts';
import type { Dataset } from '../data/index.ts';
import { UserError } from '../errors.ts';
import {
  type EvaluationPlan,
  type EvaluationRecord,
  evaluate as evaluatePlan,
  evaluationDigest,
  followUpAttacks,
  type Gate,
  type GateEnd,
  PartialEvaluation,
  type PlannedAttack,
  PRESET_SAMPLES,
  type PresetName,
  parseGate,
  presetAttacks,
} from '../evaluation/index.ts';
import type { Classifier } from '../models/index.ts';
import { withAnswer } from '../report/index.ts';
import { DEFAULTS } from '../training/index.ts';
import { abortable } from './abort.ts';
import { openCertifier } from './certifier.ts';
import { runningEngine } from './engine.ts';
import { nameOfModel, openModels } from './models.ts';
import { provenance, surrogateTrainer } from './provenance.ts';

/** Images to evaluate on; what `loadData` gives fits. */
export interface EvaluationData {
  readonly test: Dataset;
  /** For the surrogates that attacks of the presets `quick` and `standard` train. */
  readonly train?: Dataset;
  /** For the record: where the images come from. */
  readonly source?: string;
}

/** What is evaluated, and how. */
export interface EvaluateOptions {
  /** Model folders, or classifiers; the others are compared with the first. */
  readonly models: readonly (string | Classifier)[];
  readonly data: EvaluationData;
  /**
   * The attacks, by preset: `quick` (the default), `standard`, which goes on with longer searches
   * where a verdict stays open, or `paper`.
   */
  readonly preset?: PresetName;
  /** The attacks one by one, instead of a preset; see `planAttack`. */
  readonly attacks?: readonly (AttackPlan | PlannedAttack)[];
  /** Of the preset's attacks; default `Linf`. */
  readonly norm?: Norm;
  /** Budgets of the preset's attacks, in pixel values (L0: features); default 0.1 and 0.3. */
  readonly eps?: readonly number[];
  /** How many images, from the first on, are attacked; default 1000, with `paper` 100. */
  readonly samples?: number;
  /** Of all random numbers; default 1. */
  readonly seed?: number;
  /** Of models that answer at random: attack and judge the mean of so many answers; default 1. */
  readonly draws?: number;
  /** Layers of models from folders whose gradient is taken to be the identity's; default none. */
  readonly bpda?: readonly string[];
  /** Levels from 2 to 65536 that attacked pixels are rounded to, 256 for 8 bits; default float32. */
  readonly levels?: number;
  /** Such as `student: accuracy >= 0.99`: the record says which are met. */
  readonly gates?: readonly (string | Gate)[];
  /** What is held against a threshold: `estimate` (the default) or `interval`. */
  readonly gateOn?: GateEnd;
  /** Prove what attacks within Linf budgets cannot break, of models from folders; default false. */
  readonly certify?: boolean;
  /** Folder in which adversarial examples are kept; they are read back and judged again. */
  readonly examplesFolder?: string;
  /** File that keeps attacks that are done: the same evaluation resumes from it after an abort. */
  readonly stateFile?: string;
  /** Ends the evaluation at the next batch with the signal's reason. */
  readonly signal?: AbortSignal;
  /** What is being done on which model, and how much of all work (in passes) is done. */
  onProgress?(what: string, done: number, total: number): void;
}

/** The budgets of an evaluation that names none. */
export const DEFAULT_EPS: readonly number[] = USUAL_EPS.Linf;

const isPlanned = (attack: AttackPlan | PlannedAttack): attack is PlannedAttack => 'plan' in attack;

/** The attacks of the options, and those that follow where a verdict stays open. */
function attacksOf(
  options: EvaluateOptions,
  source: string,
): Pick<EvaluationPlan, 'attacks' | 'followUps'> {
  const { attacks, preset = 'quick', norm = 'Linf', eps = USUAL_EPS[norm], data } = options;
  if (attacks === undefined) {
    const scope = { norm, budgets: eps, source, classes: data.test.classes };
    return { attacks: presetAttacks(preset, scope), followUps: followUpAttacks(preset, scope) };
  }
  const [given] = Object.entries({ preset: options.preset, norm: options.norm, eps: options.eps })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  if (given !== undefined) {
    throw new UserError('bad-plan', `${given} is for a preset, and attacks are given one by one`, {
      hint: 'plan each attack with its norm and budget, or leave the attacks out',
    });
  }
  return { attacks: attacks.map((attack) => (isPlanned(attack) ? attack : { plan: attack })) };
}

/**
 * Measures models side by side, on clean images and under attack, and says what that is evidence
 * for. The same options, seed and engine give the same record, times apart, as `distill evaluate`.
 *
 * @returns the record, its `answer` in front; attacks that failed (its `failures`) and gates that are missed do not throw:
 *   see `requireAttacks` and `requireGates`
 * @throws UserError `foreign-model`, `same-name`, `bad-gate`, `bad-plan`, `no-surrogate`, `no-bound`,
 *   `foreign-state`, or as `loadModel`; RunError `not-finite`; the reason of an aborted signal
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationRecord> {
  const { data, preset = 'quick', seed = DEFAULTS.seed, gates = [], gateOn, signal } = options;
  if (options.models.length === 0) {
    throw new UserError('bad-plan', 'an evaluation takes at least one model, found none');
  }
  signal?.throwIfAborted();
  const engine = await runningEngine();
  const [first] = options.models;
  const source = typeof first === 'string' ? nameOfModel(first) : first.name;
  const attacks = attacksOf(options, source);
  const samples = options.samples ?? PRESET_SAMPLES[preset];
  const { draws, levels, examplesFolder, stateFile } = options;
  const opened = await openModels(options.models, data.test, options.bpda);
  try {
    const plan: EvaluationPlan = {
      models: opened.models,
      dataset: data.test,
      samples,
      ...attacks,
      seed,
      curves: true,
      ...(draws !== undefined && draws > 1 && { draws }),
      ...(levels !== undefined && { levels }),
      ...(options.certify && { certifier: await openCertifier(opened.models) }),
      ...(data.train && { surrogates: surrogateTrainer(data.train) }),
      gates: gates.map((gate) => (typeof gate === 'string' ? parseGate(gate) : gate)),
      ...(gateOn && { gateOn }),
      ...(examplesFolder !== undefined && { examplesFolder }),
      onProgress: abortable(signal, options.onProgress?.bind(options)),
    };
    const partial =
      stateFile === undefined
        ? undefined
        : await PartialEvaluation.resume(stateFile, evaluationDigest(plan));
    const configuration = {
      data: data.source ?? data.test.name,
      samples,
      preset: options.attacks ? null : preset,
    };
    const record = await evaluatePlan(
      { ...plan, ...(partial && { partial }) },
      provenance(engine, configuration, []),
    );
    await partial?.finish();
    return withAnswer(record);
  } finally {
    opened.dispose();
  }
}

import type { RandomStream } from '../engine/index.ts';
import type { Oracle } from './oracle.ts';

export const NORMS = ['Linf', 'L2', 'L1', 'L0'] as const;
export type Norm = (typeof NORMS)[number];

/** What the attacker may do: stay within `eps` of the image in `norm`, and within [0, 1]. */
export interface Threat {
  readonly norm: Norm;
  /** Budget in units of pixel value (L0: number of features); Infinity for minimal-norm attacks. */
  readonly eps: number;
}

/** What counts as adversarial, judged by the evaluation on the model at T = 1. */
export type Goal =
  | { readonly kind: 'untargeted' }
  /** One target class per example. */
  | { readonly kind: 'targeted'; readonly targets: Int32Array };

/**
 * The function an attack climbs. On a distilled model this choice decides the outcome:
 * - `softmax`: cross-entropy on float32 probabilities (the naive one; its gradient vanishes)
 * - `logits`: cross-entropy from logits (fused; still loses signs once the logit gap passes ~16)
 * - `temperature`: cross-entropy of logits / T, T being the model's training temperature
 * - `margin`: best other logit minus the true one (Carlini & Wagner 2017)
 * - `dlr`: difference of logits ratio, scale-free (Croce & Hein 2020)
 */
export const LOSSES = ['softmax', 'logits', 'temperature', 'margin', 'dlr'] as const;
export type LossName = (typeof LOSSES)[number];
/** For attacks that climb any loss: the default comes first. */
export const ANY_LOSS: readonly LossName[] = ['margin', 'dlr', 'temperature', 'logits', 'softmax'];

/** Images with their true classes, as an attack receives them; owned by the caller, never written. */
export interface AttackBatch {
  /** `[N, H, W, C]` row-major, float32 in [0, 1]. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  /** One stream per example (named by its index in the data set), so that batching changes nothing. */
  readonly streams: readonly RandomStream[];
}

/** One number that a user can set; drives the command line, the checks, the record and the docs. */
export interface OptionSpec {
  readonly about: string;
  /** A value, or how it follows from the threat and the options declared before it. */
  readonly default:
    | number
    | ((threat: Threat, options: Readonly<Record<string, number>>) => number);
  readonly min: number;
  readonly max?: number;
  readonly integer?: boolean;
}
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;
export type OptionsOf<S extends OptionSpecs> = { readonly [K in keyof S]: number };

/** Everything an attack may use. It reads the model through `oracle` alone, which counts passes. */
export interface AttackInput<S extends OptionSpecs = OptionSpecs> {
  readonly oracle: Oracle;
  readonly examples: AttackBatch;
  readonly goal: Goal;
  readonly threat: Threat;
  readonly loss: LossName;
  readonly options: OptionsOf<S>;
  /** The model that a transfer attack takes its gradients from. */
  readonly source?: Oracle;
}

/** What the attacker sees of the model. */
export type Access = 'gradient' | 'scores' | 'decision' | 'source-gradient';

/**
 * An attack as data and one function. `run` returns one candidate image per example, in [0, 1]
 * and (fixed budget) inside the threat's ball; whether a candidate is adversarial is for the
 * evaluation to say. Where the attack found nothing it returns its best try.
 */
export interface Attack<S extends OptionSpecs = OptionSpecs> {
  readonly name: string;
  /** One line for `--help` and tables. */
  readonly about: string;
  readonly access: Access;
  /** `fixed`: does its worst within eps. `minimal`: looks for the smallest perturbation, eps unused. */
  readonly budget: 'fixed' | 'minimal';
  /** Whether it draws random numbers. */
  readonly random: boolean;
  readonly norms: readonly Norm[];
  readonly goals: readonly Goal['kind'][];
  /** The losses that may be chosen, the default first; empty where the algorithm fixes its own. */
  readonly losses: readonly LossName[];
  readonly options: S;
  run(input: AttackInput<S>): Float32Array;
}

/** Checks an attack's options against its `run`, then forgets their names for the registry. */
export function defineAttack<const S extends OptionSpecs>(attack: Attack<S>): Attack {
  return attack as unknown as Attack;
}

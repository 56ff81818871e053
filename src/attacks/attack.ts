/** What an attack is: facts as data and one function. */
import type { LossName } from './losses/registry.ts';
import type { Oracle } from './oracle.ts';
import type { AttackBatch, Goal, Norm, Threat } from './types.ts';

/** One number that a user can set; drives the command line, the checks, the record and the docs. */
export interface OptionSpec {
  readonly about: string;
  /** A value, or how it follows from the threat and the options declared before it. */
  readonly default:
    | number
    | ((threat: Threat, options: Readonly<Record<string, number>>) => number);
  /** Least value. */
  readonly min?: number;
  /** Where the least value itself makes no sense: every value must exceed this one. */
  readonly above?: number;
  readonly max?: number;
  readonly integer?: boolean;
}
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;
export type OptionsOf<S extends OptionSpecs> = { readonly [K in keyof S]: number };

/** Everything an attack may use. It reads the model through `oracle` alone, which counts passes. */
export interface AttackInput<S extends OptionSpecs = OptionSpecs> {
  readonly oracle: Oracle;
  readonly batch: AttackBatch;
  readonly goal: Goal;
  readonly threat: Threat;
  readonly loss: LossName;
  readonly options: OptionsOf<S>;
  /** The model that a transfer attack takes its gradients from; of a surrogate attack, the surrogate. */
  readonly source?: Oracle;
}

/**
 * What the attacker may read of the model; `source-gradient` and `surrogate` use the gradients of
 * another one: a model of its own, or a network distilled from this model.
 */
export type Access = 'gradient' | 'scores' | 'decision' | 'source-gradient' | 'surrogate';

/**
 * How it looks for an example: by one step along the model's gradient, by many of them, or in any
 * other way (random search, decisions, saliency, another model's gradient).
 */
export type AttackKind = 'single-step' | 'iterative' | 'search';

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
  readonly kind: AttackKind;
  /** `fixed`: does its worst within eps. `minimal`: looks for the smallest perturbation, eps unused. */
  readonly budget: 'fixed' | 'minimal';
  /** Whether it draws random numbers. */
  readonly random: boolean;
  readonly norms: readonly Norm[];
  readonly goals: readonly Goal['kind'][];
  /** The losses that may be chosen, the default first; empty where the algorithm fixes its own. */
  readonly losses: readonly LossName[];
  /** Whether it takes the targeted form of its loss, whatever its goal. */
  readonly aimsAtClasses?: true;
  readonly options: S;
  /**
   * Upper bound of forward passes per image, of all models together; images on which the attack
   * succeeds early take fewer.
   */
  expectedPasses(options: OptionsOf<S>, classes: number, threat: Threat): number;
  /** Returns `[N, H, W, C]`, one candidate per example of the batch. */
  run(input: AttackInput<S>): Promise<Float32Array>;
}

/** Checks an attack's options against its `run`, then forgets their names for the registry. */
export function defineAttack<const S extends OptionSpecs>(attack: Attack<S>): Attack {
  return attack as unknown as Attack;
}

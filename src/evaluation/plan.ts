/** What an evaluation is asked to do: the types that planning, measuring and reporting share. */
import type { AttackPlan } from '../attacks/index.ts';
import type { Dataset } from '../data/index.ts';
import type { Classifier, RangeBasis } from '../models/index.ts';
import type { AttackJob, AttackRun } from './attacking.ts';
import type { Gate, GateEnd } from './gate-syntax.ts';
import type { PartialEvaluation } from './partial.ts';
import type { AttackRecord, Certificates, EvaluationRecord, Target } from './records.ts';

/** A model with what a record says of it. */
export interface EvaluatedModel {
  readonly classifier: Classifier;
  readonly folder: string;
  readonly digest: string;
  /** Layers whose gradient the classifier takes to be the identity's; absent: none. */
  readonly bpda?: readonly string[] | undefined;
  /** Of an imported model: why its pixel range is believed to be right. */
  readonly pixelRange?: RangeBasis | undefined;
}

/** One attack of an evaluation. */
export interface PlannedAttack {
  readonly plan: AttackPlan;
  /** Name of the model that a transfer attack takes its gradients from. */
  readonly source?: string;
  /** Aim at this class, or at every wrong class in turn; absent: away from the true class. */
  readonly target?: Target;
}

/** A network distilled from a model, for attacks to take their gradients from. */
export interface Surrogate {
  readonly classifier: Classifier;
  /** Frees its weights. */
  dispose(): void;
}

/** What a surrogate is trained for. */
export interface SurrogateRequest {
  /** Images that will be attacked, `[N, H, W, C]` in [0, 1]. */
  readonly attacked: Float32Array;
  /** Largest change of a pixel to learn about, in (0, 1]. */
  readonly reach: number;
  /** Training steps. */
  readonly steps: number;
  readonly seed: number;
  /** Called after every step. */
  onStep?(): void;
}

/** Trains surrogates; who plans an evaluation provides it, with training images. */
export interface SurrogateTrainer {
  /** Of everything that a surrogate depends on besides the model and the request. */
  readonly digest: string;
  /** The same model, request and seed give the same surrogate. */
  train(model: Classifier, request: SurrogateRequest): Promise<Surrogate>;
}

/** What is to be proven of a model. */
export interface CertifyRequest {
  readonly dataset: Dataset;
  /** How many images, from the first on. */
  readonly samples: number;
  /** Linf budget in pixel values. */
  readonly eps: number;
  readonly seed: number;
  /** Whether an image is known to be broken at this budget; costly bounds leave it out. */
  isBroken(index: number): boolean;
  /** How many images are decided or given up. */
  onProgress(done: number): void;
}

/** Proves what can be proven of a model's answers; who plans an evaluation provides it. */
export interface Certifier {
  /** What is known of each image. */
  certify(model: EvaluatedModel, request: CertifyRequest): Promise<Certificates['outcomes']>;
}

export interface EvaluationPlan {
  readonly models: readonly EvaluatedModel[];
  readonly dataset: Dataset;
  /** How many images, from the first on, are attacked; clean accuracy is over all of them. */
  readonly samples: number;
  readonly attacks: readonly PlannedAttack[];
  /** Attacks within a budget, for those models whose verdict at that budget `attacks` leave open. */
  readonly followUps?: readonly PlannedAttack[];
  readonly seed: number;
  /**
   * Of models that answer at random: attack and judge the mean of so many answers to each image;
   * absent: 1. A transfer attack's source is averaged too.
   */
  readonly draws?: number;
  /** Levels that the pixels of attacked images are rounded to, 256 for 8 bits; absent: float32. */
  readonly levels?: number;
  /** Whether to measure, besides the attacks, what charts draw between the budgets. */
  readonly curves?: boolean;
  /** Needed by attacks on a surrogate of the model. */
  readonly surrogates?: SurrogateTrainer;
  /** Proves what attacks within Linf budgets cannot break; absent: nothing is proven. */
  readonly certifier?: Certifier;
  /** What is being done on which model, and how much of all work, in passes expected, is done. */
  onProgress?(what: string, done: number, total: number): void;
  /** Receives all candidates against a model, once they have been judged. */
  onCandidates?(record: AttackRecord, images: Float32Array): void;
  /** Where completed attacks are kept, so that an interrupted evaluation can be resumed. */
  readonly partial?: PartialEvaluation;
  /** Folder in which adversarial examples are kept; they are read back and judged again. */
  readonly examplesFolder?: string;
  /** Runs an attack, as `attackDataset` does (the default): in other processes, for example. */
  readonly attackRows?: (job: AttackJob) => Promise<AttackRun>;
  /** Thresholds that the record is held against, and by what: its metrics or their intervals. */
  readonly gates?: readonly Gate[];
  readonly gateOn?: GateEnd;
}

/** Who measured, with what: the part of a record that is not a measurement. */
export type Provenance = Pick<
  EvaluationRecord,
  'program' | 'command' | 'startedAt' | 'configuration' | 'versions' | 'engine'
>;

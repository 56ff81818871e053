/** A reproduction as data: what its page, its Markdown and its `results.json` are made of. */
import type { Summary } from '../sweep/results.ts';

export const REPRODUCTION_SCHEMA = 'distill-reproduction/1';

/** One figure of one model: what was published, and what was measured. */
export interface Claim {
  /** What it is, such as `success of JSMA on the softmax output`. */
  readonly figure: string;
  /** Whose: `undistilled`, or such as `T = 20`. */
  readonly model: string;
  /** Of a distilled model; null for the undistilled one, and for a figure of all models together. */
  readonly temperature: number | null;
  /** `share`: from 0 to 1. */
  readonly unit: 'share' | 'number';
  /** Null where no figure was published. */
  readonly published: number | null;
  /** With its 95 % interval; null where nothing could be measured. */
  readonly measured: Summary | null;
}

/** A model that was measured. */
export interface ReproducedModel {
  readonly model: string;
  readonly seed: number;
  /** Names its trial, below the folder of the reproduction. */
  readonly trial: string;
  readonly outcome: 'done' | 'diverged' | 'stopped';
  readonly digests: Readonly<Record<string, string>>;
  /** Repeats the trial. */
  readonly command: string;
}

/** No times: the same reproduction has the same results to the bit. */
export interface ReproductionResults {
  readonly schema: typeof REPRODUCTION_SCHEMA;
  /** What came out, in one sentence. */
  readonly answer: string;
  readonly program: string;
  /** Starts the reproduction, or goes on with it. */
  readonly command: string;
  readonly paper: string;
  readonly citation: string;
  readonly data: string;
  /** How the networks were trained, by the names of the options. */
  readonly training: Readonly<Record<string, string | number | boolean | null>>;
  /** How many images were attacked, from the first on. */
  readonly samples: number;
  readonly seeds: readonly number[];
  readonly claims: readonly Claim[];
  readonly models: readonly ReproducedModel[];
  /** What is not as it was published, and why figures may differ. */
  readonly differences: readonly string[];
}

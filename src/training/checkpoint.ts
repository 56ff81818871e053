import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import type { EpochRecord } from '../models/index.ts';
import { digestOf, readRegular, sha256, writeFileAtomically } from '../storage/index.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

/**
 * The state of a training run between two steps. Shuffling and dropout draw from streams named
 * by phase, epoch and step, so these numbers are the whole cursor in the random streams.
 */
export interface TrainingCursor {
  readonly phase: number;
  readonly epoch: number;
  readonly step: number;
  /** Sums over the steps of the current epoch so far. */
  readonly lossSum: number;
  readonly correct: number;
  readonly seen: number;
}

export interface Checkpoint {
  readonly cursor: TrainingCursor;
  readonly history: readonly EpochRecord[];
  /** Weights and optimizer state by name. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

/**
 * Whether to resume from the checkpoint of a run that was stopped: never; where there is one that
 * matches the settings; or always, so that one of other settings is an error.
 */
export type Resume = 'never' | 'matching' | 'always';

const count = z.int().min(0);
const stateSchema = z.strictObject({
  inputsDigest: z.string(),
  engine: z.strictObject({ name: z.string(), instructionSet: z.string() }),
  cursor: z.strictObject({
    phase: count,
    epoch: count,
    step: count,
    lossSum: z.number(),
    correct: count,
    seen: count,
  }),
  history: z.array(
    z.strictObject({
      epoch: count,
      loss: z.number().nullable(),
      trainAccuracy: z.number(),
      validationAccuracy: z.number(),
      learningRate: z.number(),
    }),
  ),
});

type State = z.infer<typeof stateSchema>;

/** Over all that a checkpoint holds: training resumed from one wrong bit gives other weights. */
function digest(state: string, tensors: Checkpoint['tensors']): string {
  const values = Array.from(tensors, ([name, { buffer, byteOffset, byteLength }]) => ({
    name,
    sha256: sha256(new Uint8Array(buffer, byteOffset, byteLength)),
  }));
  return digestOf({ state, values });
}

/** The checkpoint's path, beside the model folder. */
export const checkpointPath = (modelFolder: string): string =>
  `${modelFolder.replace(/[/\\]+$/, '')}.checkpoint.safetensors`;

/** The checkpoint of the training run that will fill a model folder: one file beside it. */
export class CheckpointFile {
  readonly path: string;
  readonly #inputsDigest: string;
  readonly #engine: State['engine'];

  /**
   * @param inputsDigest of the run: a checkpoint of other settings or data is never resumed from
   * @param engine which computes: another one, or another instruction set, rounds differently, so
   *   resuming from its checkpoint would give the weights of neither
   */
  constructor(modelFolder: string, inputsDigest: string, engine: State['engine']) {
    this.path = checkpointPath(modelFolder);
    this.#inputsDigest = inputsDigest;
    this.#engine = engine;
  }

  async write({ cursor, history, tensors }: Checkpoint): Promise<void> {
    const inputsDigest = this.#inputsDigest;
    const state = JSON.stringify({ inputsDigest, engine: this.#engine, cursor, history });
    const metadata = { state, digest: digest(state, tensors) };
    await writeFileAtomically(this.path, encodeSafetensors({ tensors, metadata }));
  }

  /**
   * The checkpoint to resume from, or undefined where there is none.
   * @param lengths of the tensors that must be in it, by name, such as `weight/conv1/kernel`
   * @throws UserError `bad-checkpoint`, `foreign-checkpoint`, if `resume` is `always`
   */
  async read(
    resume: Resume,
    lengths: ReadonlyMap<string, number>,
  ): Promise<Checkpoint | undefined> {
    if (resume === 'never') return undefined;
    try {
      return await this.#read(lengths);
    } catch (error) {
      if (resume === 'matching' && error instanceof UserError) return undefined;
      throw error;
    }
  }

  async #read(lengths: ReadonlyMap<string, number>): Promise<Checkpoint | undefined> {
    const damaged = (problem: string, cause?: unknown) =>
      new UserError('bad-checkpoint', `${this.path} is damaged: ${problem}`, {
        hint: 'start over without resuming',
        cause,
      });
    if (!existsSync(this.path)) return undefined;
    const bytes = await readRegular(this.path, damaged);
    let decoded: ReturnType<typeof decodeSafetensors>;
    let state: State;
    try {
      decoded = decodeSafetensors(bytes);
      state = stateSchema.parse(JSON.parse(decoded.metadata.state));
    } catch (cause) {
      throw damaged('it is no checkpoint that this program reads', cause);
    }
    if (digest(decoded.metadata.state, decoded.tensors) !== decoded.metadata.digest) {
      throw damaged('its contents are not those that were saved');
    }
    this.#refuseForeign(state);
    for (const [name, length] of lengths) {
      if (decoded.tensors.get(name)?.length !== length) throw damaged(`its ${name} is not whole`);
    }
    return { cursor: state.cursor, history: state.history, tensors: decoded.tensors };
  }

  #refuseForeign({ inputsDigest, engine }: State): void {
    const refuse = (difference: string, hint: string): never => {
      throw new UserError('foreign-checkpoint', `${this.path} was made ${difference}`, {
        hint: `${hint}, or start over without resuming`,
      });
    };
    if (inputsDigest !== this.#inputsDigest) {
      refuse(
        'with other settings, data or soft labels, or by another version of the program',
        'repeat the settings of the run that was stopped',
      );
    }
    const described = ({ name, instructionSet }: State['engine']) => `${name} (${instructionSet})`;
    if (described(engine) !== described(this.#engine)) {
      refuse(
        `on the engine ${described(engine)}, and ${described(this.#engine)} rounds differently`,
        `use the engine ${engine.name} on the machine that it ran on`,
      );
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

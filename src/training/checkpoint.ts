import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { writeFileAtomically } from '../data/index.ts';
import { UserError } from '../errors.ts';
import type { EpochRecord } from '../models/index.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

/**
 * Where a training run stands between two steps. Shuffling and dropout draw from streams named
 * by phase, epoch and step, so these numbers are the whole position in the random streams.
 */
export interface Position {
  readonly phase: number;
  readonly epoch: number;
  readonly step: number;
  /** Sums over the steps of the current epoch so far. */
  readonly lossSum: number;
  readonly correct: number;
  readonly seen: number;
}

export interface Checkpoint {
  readonly position: Position;
  readonly history: readonly EpochRecord[];
  /** Weights and optimizer state by name. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

/**
 * Whether to go on from the checkpoint of a run that was stopped: never; where there is one that
 * matches the settings; or always, so that one of other settings is an error.
 */
export type Resume = 'never' | 'matching' | 'always';

const count = z.int().min(0);
const stateSchema = z.strictObject({
  inputsDigest: z.string(),
  position: z.strictObject({
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

/** The checkpoint of the training run that will fill a model folder: one file beside it. */
export class CheckpointFile {
  readonly path: string;
  readonly #inputsDigest: string;

  /** @param inputsDigest of the run: a checkpoint of other settings or data is never taken up */
  constructor(modelFolder: string, inputsDigest: string) {
    this.path = `${modelFolder.replace(/[/\\]+$/, '')}.checkpoint.safetensors`;
    this.#inputsDigest = inputsDigest;
  }

  async write({ position, history, tensors }: Checkpoint): Promise<void> {
    const state = JSON.stringify({ inputsDigest: this.#inputsDigest, position, history });
    await writeFileAtomically(this.path, encodeSafetensors({ tensors, metadata: { state } }));
  }

  /**
   * The checkpoint to go on from, or undefined where there is none.
   * @throws UserError `bad-checkpoint`, `foreign-checkpoint`, if `resume` is `always`
   */
  async read(resume: Resume): Promise<Checkpoint | undefined> {
    if (resume === 'never') return undefined;
    try {
      return await this.#read();
    } catch (error) {
      if (resume === 'matching' && error instanceof UserError) return undefined;
      throw error;
    }
  }

  async #read(): Promise<Checkpoint | undefined> {
    const bytes = await readFile(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!bytes) return undefined;
    const startAnew = { hint: 'leave --resume out to start anew' };
    let decoded: ReturnType<typeof decodeSafetensors>;
    let state: z.infer<typeof stateSchema>;
    try {
      decoded = decodeSafetensors(bytes);
      state = stateSchema.parse(JSON.parse(decoded.metadata.state));
    } catch (cause) {
      throw new UserError('bad-checkpoint', `${this.path} is damaged`, { ...startAnew, cause });
    }
    if (state.inputsDigest !== this.#inputsDigest) {
      throw new UserError(
        'foreign-checkpoint',
        `${this.path} was made with other settings, data or soft labels`,
        { hint: 'repeat the settings of the run that was stopped, or leave --resume out' },
      );
    }
    return { position: state.position, history: state.history, tensors: decoded.tensors };
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

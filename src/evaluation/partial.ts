/** What an evaluation has done so far, on disk: an interrupted one can be resumed. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { digestOf, readText, writeFileAtomically } from '../storage/index.ts';
import { parseAttackRecords } from './record-text.ts';
import type { AttackRecord } from './records.ts';

const SCHEMA = 'distill-partial-evaluation/2';

/** `contents` is the digest of `done`: what was changed since is not believed. */
const stateSchema = z.object({
  schema: z.literal(SCHEMA),
  digest: z.string(),
  contents: z.string(),
  done: z.array(z.unknown()),
});

/** Attacks that are done, by key, in one file that is replaced after every attack. */
export class PartialEvaluation {
  readonly #path: string;
  readonly #digest: string;
  readonly #done: Map<string, AttackRecord>;

  private constructor(path: string, digest: string, done: Map<string, AttackRecord>) {
    this.#path = path;
    this.#digest = digest;
    this.#done = done;
  }

  /** A new state at `path`; an old one there is overwritten at the first `add`. */
  static start(path: string, digest: string): PartialEvaluation {
    return new PartialEvaluation(path, digest, new Map());
  }

  /**
   * Resumes from `path`, or starts where there is none.
   * @param digest of everything that the results depend on
   * @throws UserError `foreign-state` when it was made with another configuration
   */
  static async resume(path: string, digest: string): Promise<PartialEvaluation> {
    if (!existsSync(path)) return PartialEvaluation.start(path, digest);
    const unreadable = (problem: string, cause?: unknown) =>
      new UserError('foreign-state', `cannot resume from ${path}: ${problem}`, {
        hint: 'delete it to start over',
        cause,
      });
    const text = await readText(path, unreadable);
    let state: z.infer<typeof stateSchema>;
    try {
      state = stateSchema.parse(JSON.parse(text));
    } catch (cause) {
      throw unreadable('it is no state of an evaluation, or of another version', cause);
    }
    if (state.contents !== digestOf(state.done)) {
      throw unreadable('its contents are not those that were saved');
    }
    if (state.digest !== digest) {
      throw new UserError(
        'foreign-state',
        `${path} was left by an evaluation with other models, data or settings`,
        { hint: 'start over instead of resuming, or repeat that evaluation as it was' },
      );
    }
    return new PartialEvaluation(path, digest, new Map(parseAttackRecords(state.done)));
  }

  get(key: string): AttackRecord | undefined {
    return this.#done.get(key);
  }

  async add(key: string, record: AttackRecord): Promise<void> {
    this.#done.set(key, record);
    const done = [...this.#done];
    const content = { schema: SCHEMA, digest: this.#digest, contents: digestOf(done), done };
    await writeFileAtomically(this.#path, JSON.stringify(content));
  }

  /** The evaluation is complete and its record saved: the state is removed. */
  async finish(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

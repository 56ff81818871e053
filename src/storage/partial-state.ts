/** What a long piece of work has done so far, on disk: when it is interrupted, it can be resumed. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { writeFileAtomically } from './atomic.ts';
import { digestOf } from './digest.ts';
import { readText } from './read-regular.ts';

/** `contents` is the digest of `done`: what was changed since is not believed. */
const stateSchema = z.object({
  schema: z.string(),
  digest: z.string(),
  contents: z.string(),
  done: z.array(z.unknown()),
});

/** What a state belongs to. */
export interface StateOwner<T> {
  /** Name and version of the state's form. */
  readonly schema: string;
  /** For errors, such as `an evaluation`. */
  readonly work: string;
  /** Of everything that the results depend on. */
  readonly digest: string;
  /** Checks the results of a file. @throws when they are none */
  parse(done: unknown[]): Iterable<readonly [string, T]>;
}

/** Results that are done, by key, in one file that is replaced whenever it is saved. */
export class PartialState<T> {
  readonly #path: string;
  readonly #owner: StateOwner<T>;
  readonly #done: Map<string, T>;

  private constructor(path: string, owner: StateOwner<T>, done: Map<string, T>) {
    this.#path = path;
    this.#owner = owner;
    this.#done = done;
  }

  /** A new state at `path`; an old one there is overwritten when it is first saved. */
  static start<T>(path: string, owner: StateOwner<T>): PartialState<T> {
    return new PartialState(path, owner, new Map());
  }

  /**
   * Resumes from `path`, or starts where there is none.
   * @throws UserError `foreign-state` when it was made with another configuration
   */
  static async resume<T>(path: string, owner: StateOwner<T>): Promise<PartialState<T>> {
    if (!existsSync(path)) return PartialState.start(path, owner);
    const unreadable = (problem: string, cause?: unknown) =>
      new UserError('foreign-state', `cannot resume from ${path}: ${problem}`, {
        hint: 'delete it to start over',
        cause,
      });
    const text = await readText(path, unreadable);
    let state: z.infer<typeof stateSchema>;
    try {
      state = stateSchema.parse(JSON.parse(text));
      if (state.schema !== owner.schema) throw new Error(`its schema is ${state.schema}`);
    } catch (cause) {
      throw unreadable(`it is no state of ${owner.work}, or of another version`, cause);
    }
    if (state.contents !== digestOf(state.done)) {
      throw unreadable('its contents are not those that were saved');
    }
    if (state.digest !== owner.digest) {
      throw new UserError(
        'foreign-state',
        `${path} was left by ${owner.work} with other models, data or settings`,
        { hint: 'start over instead of resuming, or repeat that work as it was' },
      );
    }
    return new PartialState(path, owner, new Map(owner.parse(state.done)));
  }

  get(key: string): T | undefined {
    return this.#done.get(key);
  }

  set(key: string, result: T): void {
    this.#done.set(key, result);
  }

  async save(): Promise<void> {
    const { schema, digest } = this.#owner;
    const done = [...this.#done];
    const content = { schema, digest, contents: digestOf(done), done };
    await writeFileAtomically(this.#path, JSON.stringify(content));
  }

  /** The work is complete and its record saved: the state is removed. */
  async finish(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

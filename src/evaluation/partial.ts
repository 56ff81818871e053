/** What an evaluation has done so far, on disk: an interrupted one can be resumed. */
import { readFile, rm } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { writeFileAtomically } from '../storage/index.ts';
import { type AttackRecord, parseAttackRecords } from './records.ts';

const SCHEMA = 'distill-partial-evaluation/1';

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
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return PartialEvaluation.start(path, digest);
    let state: { schema?: unknown; digest?: unknown; done?: unknown };
    try {
      state = JSON.parse(text);
    } catch (cause) {
      throw new UserError('foreign-state', `${path} is no JSON`, {
        hint: 'delete it to start over',
        cause,
      });
    }
    if (state.schema !== SCHEMA || state.digest !== digest) {
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
    const content = { schema: SCHEMA, digest: this.#digest, done: [...this.#done] };
    await writeFileAtomically(this.#path, JSON.stringify(content));
  }

  /** The evaluation is complete and its record saved: the state is removed. */
  async finish(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

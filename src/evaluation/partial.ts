/** What an evaluation has done so far, on disk: an interrupted one can be resumed. */
import { PartialState, type StateOwner } from '../storage/index.ts';
import { parseAttackRecords } from './record-text.ts';
import type { AttackRecord } from './records.ts';

const ownerOf = (digest: string): StateOwner<AttackRecord> => ({
  schema: 'distill-partial-evaluation/2',
  work: 'an evaluation',
  digest,
  parse: parseAttackRecords,
});

/** Attacks that are done, by key, in one file that is replaced after every attack. */
export class PartialEvaluation {
  readonly #state: PartialState<AttackRecord>;

  private constructor(state: PartialState<AttackRecord>) {
    this.#state = state;
  }

  /** A new state at `path`; an old one there is overwritten at the first `add`. */
  static start(path: string, digest: string): PartialEvaluation {
    return new PartialEvaluation(PartialState.start(path, ownerOf(digest)));
  }

  /**
   * Resumes from `path`, or starts where there is none.
   * @param digest of everything that the results depend on
   * @throws UserError `foreign-state` when it was made with another configuration
   */
  static async resume(path: string, digest: string): Promise<PartialEvaluation> {
    return new PartialEvaluation(await PartialState.resume(path, ownerOf(digest)));
  }

  get(key: string): AttackRecord | undefined {
    return this.#state.get(key);
  }

  async add(key: string, record: AttackRecord): Promise<void> {
    this.#state.set(key, record);
    await this.#state.save();
  }

  /** The evaluation is complete and its record saved: the state is removed. */
  async finish(): Promise<void> {
    await this.#state.finish();
  }
}

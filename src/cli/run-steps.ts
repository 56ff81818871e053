/** The steps of `distill run`: each is skipped when what it left still matches its inputs. */
import type { Terminal } from './terminal.ts';

/** How long a step took, or that nothing had to be done. */
export interface StepRecord {
  readonly step: string;
  readonly seconds: number;
  readonly upToDate: boolean;
}

/** One step and how its result is described. */
interface Step<T> {
  readonly name: string;
  /** What an earlier run left, if it still matches; not asked with `force`. */
  reuse(): Promise<T | undefined>;
  work(): Promise<T>;
  describe(result: T): string;
}

/** Does steps one after the other and records how long each took. */
export class RunSteps {
  readonly records: StepRecord[] = [];
  readonly #terminal: Pick<Terminal, 'note'>;
  readonly #force: boolean;

  /** @param force repeat steps that are up to date */
  constructor(terminal: Pick<Terminal, 'note'>, force: boolean) {
    this.#terminal = terminal;
    this.#force = force;
  }

  async do<T>({ name, reuse, work, describe }: Step<T>): Promise<T> {
    const started = performance.now();
    const old = this.#force ? undefined : await reuse();
    const result = old ?? (await work());
    const seconds = (performance.now() - started) / 1000;
    this.records.push({ step: name, seconds, upToDate: old !== undefined });
    const time = old === undefined ? `${seconds.toFixed(1)} s` : 'up to date';
    this.#terminal.note(`${describe(result)} (${time})`);
    return result;
  }
}

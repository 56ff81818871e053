import { Chalk, type ChalkInstance } from 'chalk';
import cliProgress, { type Options, type Preset, type SingleBar } from 'cli-progress';
import { percent } from '../numbers.ts';
import type { TrainingProgress } from '../training/index.ts';
import type { OutputOptions } from './options.ts';
import { visible } from './visible.ts';
import { fitted, fittedCommand } from './wrapping.ts';

/** A bar on a terminal; elsewhere a line now and then. The time left comes first. */
export interface Progress {
  /**
   * @param secondsLeft where it is known better than by how much is done; null: nothing is known yet
   */
  update(done: number, total: number, detail: string, secondsLeft?: number | null): void;
  stop(): void;
}

/** What a progress is part of, such as all trainings of a run, and how many times as long that takes. */
export interface Whole {
  readonly name: string;
  readonly times: number;
}

const SILENT: Progress = { update: () => {}, stop: () => {} };
const MILLISECONDS_BETWEEN_LINES = 5000;

/** Seconds of work after which the time left can be estimated. */
const SECONDS_TO_ESTIMATE = 3;
/** Work longer than this is told beforehand. */
const LONG_SECONDS = 30;

function colors(stream: NodeJS.WriteStream): ChalkInstance {
  const wanted = process.env.FORCE_COLOR !== undefined && process.env.FORCE_COLOR !== '0';
  const off = Boolean(process.env.NO_COLOR) || process.env.TERM === 'dumb';
  return new Chalk({ level: off ? 0 : stream.isTTY || wanted ? 1 : 0 });
}

/** Such as `45 s` or `3 min 05 s`. */
export function duration(seconds: number): string {
  const rounded = Math.ceil(seconds);
  if (rounded < 60) return `${rounded} s`;
  return `${Math.floor(rounded / 60)} min ${String(rounded % 60).padStart(2, '0')} s`;
}

/** A duration that is only estimated: to ten seconds, to the minute, or to ten minutes. */
export function roughDuration(seconds: number): string {
  if (seconds < 95) return `${Math.max(10, Math.round(seconds / 10) * 10)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const tens = Math.round(minutes / 10) * 10;
  return `${Math.floor(tens / 60)} h ${String(tens % 60).padStart(2, '0')} min`;
}

/** The text of a training progress line, the time left apart. */
export function trainingDetail(progress: TrainingProgress): string {
  const { epoch, epochs, loss, validationAccuracy, samplesPerSecond } = progress;
  const accuracy =
    validationAccuracy === undefined ? '' : `validation ${percent(validationAccuracy)}, `;
  return (
    `epoch ${epoch}/${epochs}, loss ${loss.toFixed(4)}, ` +
    `${accuracy}${Math.round(samplesPerSecond)} samples/s`
  );
}

/**
 * The only place that prints. Results go to standard output; progress and notes to standard
 * error, so that `--json` leaves one record and nothing else on standard output.
 */
export class Terminal {
  /** Colors for standard output. */
  readonly color: ChalkInstance;
  readonly #noteColor: ChalkInstance;
  readonly #json: boolean;
  readonly #quiet: boolean;

  constructor(options: Pick<OutputOptions, 'json' | 'quiet'>) {
    this.#json = options.json === true;
    this.#quiet = options.quiet === true;
    this.color = colors(process.stdout);
    this.#noteColor = colors(process.stderr);
  }

  /** How many columns a line may take. */
  get width(): number {
    return Math.min(process.stdout.columns || 80, 100);
  }

  /** A line with a command as it stands in a result: in lines that can be copied into a shell. */
  commandLines(text: string): string {
    return fittedCommand(visible(text), process.stdout);
  }

  /** A line about what is going on. */
  note(text: string): void {
    this.#tell(fitted(visible(text), process.stderr));
  }

  /** The command that is worth typing next. */
  next(command: string): void {
    this.#tell(fittedCommand(visible(`next: ${command}`), process.stderr));
  }

  #tell(text: string): void {
    if (!this.#quiet) process.stderr.write(`${this.#noteColor.dim(text)}\n`);
  }

  /** Something the reader should not miss, even with `--quiet`. */
  warn(text: string): void {
    const line = `${this.#noteColor.yellow('warning:')} ${text}\n`;
    process.stderr.write(fitted(visible(line), process.stderr));
  }

  /** The result for people. */
  print(text: string): void {
    if (!this.#json) process.stdout.write(fitted(visible(`${text}\n`), process.stdout));
  }

  /** The result for programs. */
  record(record: unknown): void {
    if (this.#json) process.stdout.write(`${JSON.stringify(record)}\n`);
  }

  /**
   * @param label what is being done, such as `teacher`
   * @param whole what it is the beginning of: how long that takes is told instead
   */
  progress(label: string, whole: Whole = { name: label, times: 1 }): Progress {
    if (this.#quiet) return SILENT;
    const isTTY = process.stderr.isTTY === true;
    const tell = (seconds: number) => {
      // A bar's line is cleared, and the bar drawn again below.
      const clear = isTTY ? '\r\u001b[2K' : '';
      const text = `${whole.name}: about ${roughDuration(seconds * whole.times)} in all`;
      process.stderr.write(`${clear}${visible(this.#noteColor.dim(text))}\n`);
    };
    return timed(isTTY ? barProgress(label) : lineProgress(label), whole.times, tell);
  }
}

/** Puts the time left before the detail, and tells once how long it takes where that is long. */
function timed(inner: Progress, times: number, tell: (seconds: number) => void): Progress {
  let first: { readonly at: number; readonly done: number } | undefined;
  let isTold = false;
  return {
    update(done, total, detail, secondsLeft) {
      const now = performance.now();
      first ??= { at: now, done };
      const seconds = (now - first.at) / 1000;
      const fresh = done - first.done;
      const isKnown = seconds >= SECONDS_TO_ESTIMATE;
      const guessed = isKnown && fresh > 0 ? (seconds / fresh) * (total - done) : null;
      const left = secondsLeft === undefined ? guessed : secondsLeft;
      if (left !== null && isKnown && !isTold) {
        isTold = true;
        if ((seconds + left) * times > LONG_SECONDS) tell(seconds + left);
      }
      const isShown = left !== null && done < total;
      inner.update(done, total, isShown ? `about ${duration(left)} left, ${detail}` : detail);
    },
    stop: () => inner.stop(),
  };
}

/** What a bar's line takes besides the detail, in columns. */
const BAR_COLUMNS = 41;

/** The parts of a detail that a line has room for, the first in any case: no word is cut. */
export const fittingDetail = (detail: string, columns: number): string =>
  detail.split(', ').reduce((text, part) => {
    const longer = `${text}, ${part}`;
    return longer.length <= columns - BAR_COLUMNS ? longer : text;
  });

function barProgress(label: string): Progress {
  const format = `${label.padEnd(12)} {bar} {percentage} % | {detail}`;
  // No mode of the terminal is changed, since Ctrl+C would leave it changed: the cursor stays, and
  // the bar is cut to the terminal's width instead of switching line wrapping off.
  const options: Options = {
    format,
    barsize: 16,
    hideCursor: false,
    linewrap: true,
    clearOnComplete: false,
    fps: 8,
  };
  const preset: Preset = cliProgress.Presets.shades_classic;
  let bar: SingleBar | undefined;
  return {
    update(done, total, whole) {
      const detail = fittingDetail(whole, process.stderr.columns || 80);
      if (!bar) {
        bar = new cliProgress.SingleBar(options, preset);
        bar.start(total, done, { detail });
      }
      bar.setTotal(total);
      bar.update(done, { detail });
    },
    stop: () => bar?.stop(),
  };
}

function lineProgress(label: string): Progress {
  let last = performance.now();
  let printed = '';
  return {
    update(done, total, detail) {
      const now = performance.now();
      if (done < total && now - last < MILLISECONDS_BETWEEN_LINES) return;
      last = now;
      const line = `${label}: ${Math.floor((100 * done) / total)} %, ${detail}\n`;
      if (line !== printed) process.stderr.write(line);
      printed = line;
    },
    stop: () => {},
  };
}

import { Chalk, type ChalkInstance } from 'chalk';
import cliProgress, { type Options, type Preset, type SingleBar } from 'cli-progress';
import { percent } from '../numbers.ts';
import type { TrainingProgress } from '../training/index.ts';
import type { OutputOptions } from './options.ts';
import { visible } from './visible.ts';

/** A bar on a terminal; elsewhere a line now and then. */
export interface Progress {
  update(done: number, total: number, detail: string): void;
  stop(): void;
}

const SILENT: Progress = { update: () => {}, stop: () => {} };
const MILLISECONDS_BETWEEN_LINES = 5000;

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

/** The text of a training progress line. */
export function trainingDetail(progress: TrainingProgress): string {
  const { epoch, epochs, loss, validationAccuracy, samplesPerSecond, secondsLeft } = progress;
  const accuracy =
    validationAccuracy === undefined ? '' : `validation ${percent(validationAccuracy)}, `;
  return (
    `${duration(secondsLeft)} left, epoch ${epoch}/${epochs}, loss ${loss.toFixed(4)}, ` +
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

  /** A line about what is going on. */
  note(text: string): void {
    if (!this.#quiet) process.stderr.write(visible(`${this.#noteColor.dim(text)}\n`));
  }

  /** The command that is worth typing next. */
  next(command: string): void {
    this.note(`next: ${command}`);
  }

  /** Something the reader should not miss, even with `--quiet`. */
  warn(text: string): void {
    process.stderr.write(visible(`${this.#noteColor.yellow('warning:')} ${text}\n`));
  }

  /** The result for people. */
  print(text: string): void {
    if (!this.#json) process.stdout.write(visible(`${text}\n`));
  }

  /** The result for programs. */
  record(record: unknown): void {
    if (this.#json) process.stdout.write(`${JSON.stringify(record)}\n`);
  }

  /** @param label what is being done, such as `teacher` */
  progress(label: string): Progress {
    if (this.#quiet) return SILENT;
    return process.stderr.isTTY ? barProgress(label) : lineProgress(label);
  }
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
  let last = 0;
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

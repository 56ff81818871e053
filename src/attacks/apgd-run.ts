/**
 * One run of Auto-PGD (Croce & Hein 2020), which `apgd` and `apgd-t` repeat: projected ascent with
 * momentum that halves its step, and returns to its best point, when the loss no longer rises.
 */
import { gather, range, row } from '../arrays.ts';
import type { AttackInput } from './attack.ts';
import { classTargetsOf, reachesGoal, targetsAt } from './goals.ts';
import type { ImageMath, RowChange } from './image-math.ts';
import type { LossName } from './losses/registry.ts';
import type { Oracle } from './oracle.ts';
import { distance, project } from './threat.ts';
import type { AttackBatch, ClassTargets, Threat } from './types.ts';

const { fround } = Math;

/** Share of checkpoints' steps that must have gained, or the step is halved. */
const GAIN_SHARE = 0.75;
/** Weight of the new step against the last one's momentum. */
const NEW_STEP = 0.75;
/** First checkpoint, the least distance of two, and how much they close up, as shares of the steps. */
const CHECKPOINTS = { first: 0.22, least: 0.06, shrink: 0.03, L1: 0.04 };
/** L1: a step moves the features that the best point moved, divided by this; how its size adapts. */
const L1 = { divisor: 1.5, sparser: 0.95, stepDivisor: 1.5, leastStep: 0.1 };

/** One run: which loss is maximized, from where, and what counts as success. */
export interface ApgdRun {
  readonly oracle: Oracle;
  readonly threat: Threat;
  readonly loss: LossName;
  /** The classes that the loss refers to. */
  readonly lossTargets: ClassTargets;
  /** The classes that the goal refers to. */
  readonly goalTargets: ClassTargets;
  readonly steps: number;
  /** `[count, features]`: the clean images and the points to start from. */
  readonly originals: Float32Array;
  readonly starts: Float32Array;
}

/** An example's state between steps. */
interface State {
  /** Its place in the run. */
  readonly index: number;
  stepSize: number;
  /** Loss at the start and after each step. */
  readonly losses: number[];
  bestLoss: number;
  bestLossAtCheckpoint: number;
  halvedAtCheckpoint: boolean;
  /** L1: how many features the start, then the best point at the last checkpoint, moved. */
  support: number;
}

/** Where a run ended: points that reach the goal where found, else the points of highest loss. */
interface Outcome {
  readonly images: Float32Array;
  readonly reached: boolean[];
}

/** Runs APGD, in L1 stage by stage; images that reach the goal inside the ball are finished. */
export async function apgdRun(run: ApgdRun): Promise<Outcome> {
  const { threat, originals, steps } = run;
  const { features } = run.oracle;
  if (threat.norm !== 'L1') return ascendFrom(run, true);
  const early = Math.ceil(0.3 * steps);
  const starts = run.starts.slice();
  const stage = async (radius: number, stageSteps: number): Promise<Outcome> => {
    const ball = { norm: threat.norm, eps: radius * threat.eps };
    for (let i = 0; i < starts.length / features; i++) {
      project(ball, row(originals, i, features), row(starts, i, features));
    }
    const outcome = await ascendFrom(
      { ...run, threat: ball, starts, steps: stageSteps },
      radius === 1,
    );
    starts.set(outcome.images);
    return outcome;
  };
  await stage(3, early);
  await stage(2, early);
  return stage(1, steps - 2 * early);
}

/** One run from given points. Where it does not stop early, it returns the points of highest loss. */
function ascendFrom(run: ApgdRun, stopsEarly: boolean): Promise<Outcome> {
  return run.oracle.withImages((math) => new ApgdAscent(run, stopsEarly, math).climb());
}

/**
 * Images that a run remembers of each example: `previous` is where it was before the last step, `best`
 * the point of highest loss so far.
 */
const REMEMBERED = [
  'originals',
  'current',
  'previous',
  'gradient',
  'best',
  'bestGradient',
] as const;

type Points<Images> = Record<(typeof REMEMBERED)[number], Images>;

/** A run from given points; it is done once. */
class ApgdAscent<Images> {
  readonly #run: ApgdRun;
  readonly #stopsEarly: boolean;
  readonly #math: ImageMath<Images>;
  readonly #isL1: boolean;
  readonly #fullStep: number;
  readonly #outcome: Outcome;
  /** Of the examples that are not finished. */
  readonly #points: Points<Images>;
  /** Of the same examples, in the same order. */
  #states: readonly State[];

  constructor(run: ApgdRun, stopsEarly: boolean, math: ImageMath<Images>) {
    const { threat, originals, starts, oracle } = run;
    this.#run = run;
    this.#stopsEarly = stopsEarly;
    this.#math = math;
    this.#isL1 = threat.norm === 'L1';
    this.#fullStep = (this.#isL1 ? 1 : 2) * threat.eps;
    const reached = new Array<boolean>(starts.length / oracle.features).fill(false);
    this.#outcome = { images: starts.slice(), reached };
    this.#points = {
      originals: math.from(originals.slice()),
      current: math.from(starts.slice()),
      previous: math.from(starts.slice()),
      gradient: math.from(new Float32Array(starts.length)),
      best: math.from(starts.slice()),
      bestGradient: math.from(new Float32Array(starts.length)),
    };
    this.#states = reached.map((_, index) => ({
      index,
      stepSize: this.#fullStep,
      losses: [],
      bestLoss: Number.NEGATIVE_INFINITY,
      bestLossAtCheckpoint: Number.NEGATIVE_INFINITY,
      halvedAtCheckpoint: true,
      support: 0,
    }));
  }

  async climb(): Promise<Outcome> {
    const { steps } = this.#run;
    try {
      if (this.#isL1) {
        const supports = await this.#supports(this.#points.current);
        this.#states.forEach((state, k) => {
          state.support = supports[k];
        });
      }
      const checkpoints = new Checkpoints(steps, this.#isL1);
      await this.#evaluate();
      for (const state of this.#states) state.bestLossAtCheckpoint = state.bestLoss;
      for (let step = 0; step < steps && this.#states.length > 0; step++) {
        await this.#moveOn(step === 0 || this.#isL1 ? 1 : NEW_STEP);
        await this.#evaluate();
        const window = checkpoints.reached();
        if (window > 0 && this.#states.length > 0) await this.#adapt(window);
      }
      await this.#store(this.#points.best, range(this.#states.length));
      return this.#outcome;
    } finally {
      this.#math.free(...Object.values(this.#points));
    }
  }

  /** Loss and gradient at the current points; examples that reach the goal end there. */
  async #evaluate(): Promise<void> {
    const math = this.#math;
    const points = this.#points;
    const { loss, lossTargets, goalTargets } = this.#run;
    const indices = this.#states.map(({ index }) => index);
    const pass = await math.lossGradients(loss, points.current, targetsAt(lossTargets, indices));
    math.free(points.gradient);
    points.gradient = pass.gradient;
    const gained: number[] = [];
    this.#states.forEach((state, k) => {
      state.losses.push(pass.values[k]);
      if (!(pass.values[k] > state.bestLoss)) return;
      state.bestLoss = pass.values[k];
      gained.push(k);
    });
    points.best = math.replace(points.best, gained, points.current);
    points.bestGradient = math.replace(points.bestGradient, gained, points.gradient);
    if (!this.#stopsEarly) return;
    const targets = targetsAt(goalTargets, indices);
    await this.#finish((k) => reachesGoal(pass.logits, targets, k));
  }

  /** Ends with the examples at some places, where they are. */
  async #finish(isDone: (place: number) => boolean): Promise<void> {
    const done = range(this.#states.length).filter(isDone);
    if (done.length === 0) return;
    await this.#store(this.#points.current, done);
    for (const k of done) this.#outcome.reached[this.#states[k].index] = true;
    const left = range(this.#states.length).filter((k) => !isDone(k));
    this.#states = left.map((k) => this.#states[k]);
    if (left.length === 0) return;
    const points = this.#points;
    for (const name of REMEMBERED) points[name] = this.#math.keep(points[name], left);
  }

  async #store(from: Images, places: readonly number[]): Promise<void> {
    if (places.length === 0) return;
    const { features } = this.#run.oracle;
    const values = await this.#math.values(from, places);
    places.forEach((place, k) => {
      const { index } = this.#states[place];
      row(this.#outcome.images, index, features).set(row(values, k, features));
    });
  }

  /** A step of that weight, and the rest of the step before it. */
  async #moveOn(weight: number): Promise<void> {
    const math = this.#math;
    const points = this.#points;
    const { threat } = this.#run;
    const { originals, previous, gradient } = points;
    points.previous = math.copy(points.current);
    try {
      if (this.#isL1) {
        const change: RowChange = (k, image, [original, slope]) => {
          sparseStep(slope, this.#states[k].stepSize, image, this.#states[k].support);
          project(threat, original, image);
        };
        points.current = await math.changeRows(points.current, change, originals, gradient);
      } else {
        const sizes = this.#states.map(({ stepSize }) => stepSize);
        const step = { threat, originals, directions: gradient, sizes, sparsity: 0 };
        points.current = await math.step(points.current, step);
      }
      if (weight !== 1) {
        const momentum = { threat, originals, starts: points.previous, previous, weight };
        points.current = math.addMomentum(points.current, momentum);
      }
    } finally {
      math.free(previous);
    }
  }

  /** At a checkpoint, `window` steps after the last one: adapts step sizes, and goes back to best points. */
  async #adapt(window: number): Promise<void> {
    const math = this.#math;
    const points = this.#points;
    const supports = this.#isL1 ? await this.#supports(points.best) : [];
    const back = range(this.#states.length).filter((k) =>
      this.#isL1
        ? adaptSparsity(this.#states[k], supports[k], this.#fullStep)
        : halveStep(this.#states[k], window),
    );
    points.current = math.replace(points.current, back, points.best);
    points.gradient = math.replace(points.gradient, back, points.bestGradient);
  }

  /** How many features of each of the images have moved. */
  async #supports(images: Images): Promise<number[]> {
    const { features } = this.#run.oracle;
    const places = range(this.#states.length);
    const originals = await this.#math.values(this.#points.originals, places);
    const moved = await this.#math.values(images, places);
    return places.map((k) => distance('L0', row(originals, k, features), row(moved, k, features)));
  }
}

/** When the step size is looked at: intervals that start long and shrink (L1: always short). */
class Checkpoints {
  #interval: number;
  #since = 0;
  readonly #shrink: number;
  readonly #least: number;

  constructor(steps: number, isL1: boolean) {
    const share = (part: number) => Math.max(1, Math.floor(part * steps));
    this.#interval = share(isL1 ? CHECKPOINTS.L1 : CHECKPOINTS.first);
    this.#shrink = isL1 ? 0 : share(CHECKPOINTS.shrink);
    this.#least = isL1 ? this.#interval : share(CHECKPOINTS.least);
  }

  /** Called after every step: how many steps there were since the last checkpoint, 0 if this is none. */
  reached(): number {
    if (++this.#since < this.#interval) return 0;
    const window = this.#since;
    this.#since = 0;
    this.#interval = Math.max(this.#interval - this.#shrink, this.#least);
    return window;
  }
}

/**
 * Splits a step of L1 length `size` among the features of largest gradient, two thirds as many as
 * `support` (and equal ones); nothing moves where all of it is 0. Counted in float32, as in the
 * authors' code, where it rounds.
 */
function sparseStep(
  gradient: Float32Array,
  size: number,
  image: Float32Array,
  support: number,
): void {
  const { length } = image;
  const share = fround(fround(support / length) / L1.divisor);
  const left = Math.floor(fround(fround(1 - share) * length));
  const threshold = gradient.map(Math.abs).sort()[Math.min(length - 1, left)];
  let moved = 0;
  for (let p = 0; p < length; p++) {
    if (gradient[p] !== 0 && Math.abs(gradient[p]) >= threshold) moved++;
  }
  if (moved === 0) return;
  for (let p = 0; p < length; p++) {
    if (Math.abs(gradient[p]) >= threshold) image[p] += (size / moved) * Math.sign(gradient[p]);
  }
}

/** Halves the step where too few steps gained, or nothing was gained since the last checkpoint. */
function halveStep(state: State, window: number): boolean {
  const { losses } = state;
  let gains = 0;
  for (let k = losses.length - window; k < losses.length; k++) {
    if (losses[k] > losses[k - 1]) gains++;
  }
  const stuck = !state.halvedAtCheckpoint && state.bestLoss <= state.bestLossAtCheckpoint;
  const halve = gains <= GAIN_SHARE * window || stuck;
  state.halvedAtCheckpoint = halve;
  state.bestLossAtCheckpoint = state.bestLoss;
  if (halve) state.stepSize /= 2;
  return halve;
}

/** Where the best point has become sparser, steps are long again and it is the new start. */
function adaptSparsity(state: State, support: number, fullStep: number): boolean {
  const sparser = support / state.support < L1.sparser;
  state.stepSize = sparser
    ? fullStep
    : Math.max(state.stepSize / L1.stepDivisor, fullStep * L1.leastStep);
  state.support = support;
  return sparser;
}

/**
 * Random starting points of one restart, for the examples at `rows`, as in the authors' code: in
 * Linf and L2 on the surface of the ball (largest change, or length, of eps), then clipped to
 * [0, 1]; in L1 a normal change, yet to be projected.
 */
function randomStarts(
  { images, streams }: AttackBatch,
  rows: readonly number[],
  { norm, eps }: Threat,
  label: string,
): Float32Array {
  const features = images.length / streams.length;
  const starts = gather(images, rows, features);
  const origin = new Float32Array(features);
  rows.forEach((example, i) => {
    const stream = streams[example].child(label);
    const start = row(starts, i, features);
    const change = start.map(() => (norm === 'Linf' ? 2 * stream.uniform() - 1 : stream.normal()));
    const scale = norm === 'L1' ? 1 : eps / distance(norm, origin, change);
    for (let p = 0; p < features; p++) start[p] += scale * change[p];
    // In L1 `apgdRun` projects, onto the ball of its first stage.
    if (norm !== 'L1') project({ norm, eps }, row(images, example, features), start);
  });
  return starts;
}

/** Options that both attacks have. */
export const steps = { about: 'gradient steps', default: 100, min: 1, integer: true } as const;
export const restarts = { about: 'random starts', default: 1, min: 1, integer: true } as const;

/** Most forward passes of one run: in L1 each of its three stages evaluates its start as well. */
export const passesOfRun = (steps: number, { norm }: Threat): number =>
  steps + (norm === 'L1' ? 3 : 1);

/**
 * One run from random starts on the examples in `active`; writes where it ended into `attacked` and
 * returns the examples that have not reached the goal.
 * @param run.label names the random starts
 * @param run.aims the class that each example is driven to; absent: away from its label
 */
export async function runFromRandomStarts(
  { oracle, batch, goal, threat, loss }: Omit<AttackInput, 'options'>,
  active: readonly number[],
  run: { readonly steps: number; readonly label: string; readonly aims?: readonly number[] },
  attacked: Float32Array,
): Promise<number[]> {
  const { features } = oracle;
  const goalTargets = classTargetsOf(batch, goal, active);
  const { images, reached } = await apgdRun({
    oracle,
    threat,
    loss,
    lossTargets: run.aims ? { labels: goalTargets.labels, targets: run.aims } : goalTargets,
    goalTargets,
    steps: run.steps,
    originals: gather(batch.images, active, features),
    starts: randomStarts(batch, active, threat, run.label),
  });
  active.forEach((example, i) => {
    row(attacked, example, features).set(row(images, i, features));
  });
  return active.filter((_, i) => !reached[i]);
}

/**
 * One run of Auto-PGD (Croce & Hein 2020), which `apgd` and `apgd-t` repeat: projected ascent with
 * momentum that halves its step, and returns to its best point, when the loss no longer rises.
 */
import { gather, range, row } from '../arrays.ts';
import type { AttackInput } from './attack.ts';
import { classTargetsOf, reachesGoal, targetsAt } from './goals.ts';
import type { LossName } from './losses/registry.ts';
import type { Oracle } from './oracle.ts';
import { distance, project, stepWithin } from './threat.ts';
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

/** An example's state between steps; images are rows of the run's arrays. */
interface State {
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
async function ascendFrom(run: ApgdRun, stopsEarly: boolean): Promise<Outcome> {
  const { oracle, threat, steps, originals } = run;
  const { features } = oracle;
  const count = originals.length / features;
  const isL1 = threat.norm === 'L1';
  const fullStep = (isL1 ? 1 : 2) * threat.eps;
  const reached = new Array<boolean>(count).fill(false);
  const current = run.starts.slice();
  const previous = current.slice();
  const best = current.slice();
  const gradient = new Float32Array(current.length);
  const bestGradient = new Float32Array(current.length);
  const states: State[] = range(count).map((i) => ({
    stepSize: fullStep,
    losses: [],
    bestLoss: Number.NEGATIVE_INFINITY,
    bestLossAtCheckpoint: Number.NEGATIVE_INFINITY,
    halvedAtCheckpoint: true,
    support: distance('L0', row(originals, i, features), row(current, i, features)),
  }));
  let active = range(count);

  const evaluate = async () => {
    const images = gather(current, active, features);
    const pass = await oracle.lossGradients(run.loss, images, targetsAt(run.lossTargets, active));
    const goalTargets = targetsAt(run.goalTargets, active);
    const unfinished: number[] = [];
    active.forEach((i, k) => {
      const image = row(current, i, features);
      row(gradient, i, features).set(row(pass.gradient, k, features));
      const state = states[i];
      state.losses.push(pass.values[k]);
      if (pass.values[k] > state.bestLoss) {
        state.bestLoss = pass.values[k];
        row(best, i, features).set(image);
        row(bestGradient, i, features).set(row(gradient, i, features));
      }
      reached[i] = stopsEarly && reachesGoal(pass.logits, goalTargets, k);
      if (reached[i]) row(best, i, features).set(image);
      else unfinished.push(i);
    });
    active = unfinished;
  };

  const checkpoints = new Checkpoints(steps, isL1);
  await evaluate();
  for (const state of states) state.bestLossAtCheckpoint = state.bestLoss;
  for (let step = 0; step < steps && active.length > 0; step++) {
    for (const i of active) {
      moveOn(threat, row(originals, i, features), row(current, i, features), {
        gradient: row(gradient, i, features),
        previous: row(previous, i, features),
        stepSize: states[i].stepSize,
        support: states[i].support,
        weight: step === 0 || isL1 ? 1 : NEW_STEP,
      });
    }
    await evaluate();
    const window = checkpoints.reached();
    if (window === 0) continue;
    for (const i of active) {
      const state = states[i];
      const bestImage = row(best, i, features);
      const back = isL1
        ? adaptSparsity(state, distance('L0', row(originals, i, features), bestImage), fullStep)
        : halveStep(state, window);
      if (!back) continue;
      row(current, i, features).set(bestImage);
      row(gradient, i, features).set(row(bestGradient, i, features));
    }
  }
  return { images: best, reached };
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

/** Moves `image` by a step and by momentum, and writes where it was into `previous`. */
function moveOn(
  threat: Threat,
  original: Float32Array,
  image: Float32Array,
  move: {
    readonly gradient: Float32Array;
    readonly previous: Float32Array;
    readonly stepSize: number;
    /** L1: how many features the best point moved. */
    readonly support: number;
    readonly weight: number;
  },
): void {
  const { gradient, previous, stepSize, support, weight } = move;
  const start = image.slice();
  if (threat.norm === 'L1') {
    sparseStep(gradient, stepSize, image, support);
    project(threat, original, image);
  } else stepWithin(threat, original, gradient, stepSize, image);
  if (weight !== 1) {
    for (let p = 0; p < image.length; p++) {
      const momentum = (1 - weight) * (start[p] - previous[p]);
      image[p] = start[p] + weight * (image[p] - start[p]) + momentum;
    }
    project(threat, original, image);
  }
  previous.set(start);
}

/**
 * Splits a step of L1 length `size` among the features of largest gradient, two thirds as many as
 * `support` (and equal ones); nothing moves where all of it is 0. Counted in float32, as in the authors' code, where it rounds.
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

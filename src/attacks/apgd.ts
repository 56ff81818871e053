/**
 * Auto-PGD: projected ascent with momentum that halves its step and goes back to its best point
 * when it no longer gains. `apgd` takes any loss; `apgd-t` climbs the targeted DLR loss toward
 * each of the runners-up in turn.
 *
 * Papers: Croce & Hein 2020, "Reliable Evaluation of Adversarial Robustness with an Ensemble of
 * Diverse Parameter-free Attacks" (Linf, L2); Croce & Hein 2021, "Mind the Box" (L1: sparse steps
 * whose sparsity adapts, in balls of 3 eps, 2 eps and eps). It walks where the authors' code does,
 * step by step (test/attacks/reference.test.ts), but for one comparison: whether the first step
 * gained is asked, as the paper says, against the starting point, there against 0.
 * Threat: Linf, L2, L1; untargeted and targeted (`apgd-t`: untargeted, through targets).
 * Cost: at most (steps + 1) x restarts forward and backward passes (`apgd-t`: x targets).
 * Fails: it needs about 100 steps for its schedule to work; with cross-entropy, where a distilled
 * model's gradient has vanished.
 */
import { gather, range, reachesGoal, row } from './batch.ts';
import { ranking } from './losses.ts';
import { type ClassTargets, classTargetsOf, type Oracle } from './oracle.ts';
import { distance, project, steepestStep } from './threat.ts';
import { ANY_LOSS, type AttackBatch, defineAttack, type LossName, type Threat } from './types.ts';

const { fround } = Math;

/** Share of checkpoints' steps that must have gained, or the step is halved. */
const GAIN_SHARE = 0.75;
/** Weight of the new step against the last one's momentum. */
const NEW_STEP = 0.75;
/** First checkpoint, the least distance of two, and how much they close up, as shares of the steps. */
const CHECKPOINTS = { first: 0.22, least: 0.06, shrink: 0.03, L1: 0.04 };
/** L1: a step moves the features that the best point moved, divided by this; how its size adapts. */
const L1 = { divisor: 1.5, sparser: 0.95, stepDivisor: 1.5, leastStep: 0.1 };

/** One run: what is climbed, from where, and what counts as success. */
export interface ApgdRun {
  readonly oracle: Oracle;
  readonly threat: Threat;
  readonly loss: LossName;
  /** Which classes the loss speaks of. */
  readonly climbed: ClassTargets;
  /** Which classes the goal speaks of. */
  readonly judged: ClassTargets;
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
export function apgdRun(run: ApgdRun): Outcome {
  const { threat, originals, steps } = run;
  const { features } = run.oracle;
  if (threat.norm !== 'L1') return climb(run, true);
  const early = Math.ceil(0.3 * steps);
  const starts = run.starts.slice();
  const stage = (radius: number, stageSteps: number): Outcome => {
    const ball = { norm: threat.norm, eps: radius * threat.eps };
    for (let i = 0; i < starts.length / features; i++) {
      project(ball, row(originals, i, features), row(starts, i, features));
    }
    const outcome = climb({ ...run, threat: ball, starts, steps: stageSteps }, radius === 1);
    starts.set(outcome.images);
    return outcome;
  };
  stage(3, early);
  stage(2, early);
  return stage(1, steps - 2 * early);
}

/** One run from given points. Where it does not stop early, it returns the points of highest loss. */
function climb(run: ApgdRun, stopsEarly: boolean): Outcome {
  const { oracle, threat, steps, originals } = run;
  const { features } = oracle;
  const count = originals.length / features;
  const isL1 = threat.norm === 'L1';
  const fullStep = (isL1 ? 1 : 2) * threat.eps;
  const result = run.starts.slice();
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

  const look = () => {
    const pick = (values: ArrayLike<number>) => active.map((i) => values[i]);
    const rows = (subjects: ClassTargets): ClassTargets => ({
      labels: pick(subjects.labels),
      targets: subjects.targets && pick(subjects.targets),
    });
    const images = gather(current, active, features);
    const seen = oracle.lossGradients(run.loss, images, rows(run.climbed));
    const judged = rows(run.judged);
    const unfinished: number[] = [];
    active.forEach((i, k) => {
      const image = row(current, i, features);
      row(gradient, i, features).set(row(seen.gradient, k, features));
      const state = states[i];
      state.losses.push(seen.values[k]);
      if (seen.values[k] > state.bestLoss) {
        state.bestLoss = seen.values[k];
        row(best, i, features).set(image);
        row(bestGradient, i, features).set(row(gradient, i, features));
      }
      reached[i] = stopsEarly && reachesGoal(seen.logits, judged, k);
      row(result, i, features).set(reached[i] ? image : row(best, i, features));
      if (!reached[i]) unfinished.push(i);
    });
    active = unfinished;
  };

  const checkpoints = new Checkpoints(steps, isL1);
  look();
  for (const state of states) state.bestLossAtCheckpoint = state.bestLoss;
  for (let step = 0; step < steps && active.length > 0; step++) {
    for (const i of active) {
      const image = row(current, i, features);
      const before = image.slice();
      moveOn(threat, row(originals, i, features), image, {
        gradient: row(gradient, i, features),
        previous: row(previous, i, features),
        stepSize: states[i].stepSize,
        support: states[i].support,
        weight: step === 0 || isL1 ? 1 : NEW_STEP,
      });
      row(previous, i, features).set(before);
    }
    look();
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
  return { images: result, reached };
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
  if (threat.norm === 'L1') sparseStep(gradient, stepSize, image, support);
  else steepestStep(threat.norm, gradient, stepSize, image);
  project(threat, original, image);
  if (weight === 1) return;
  for (let p = 0; p < image.length; p++) {
    image[p] = start[p] + weight * (image[p] - start[p]) + (1 - weight) * (start[p] - previous[p]);
  }
  project(threat, original, image);
}

/**
 * Splits a step of L1 length `size` among the features of largest gradient, two thirds as many as
 * `support` (and equal ones). Counted in float32, as in the authors' code, where it rounds.
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
function apgdStarts(
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

const steps = { about: 'gradient steps', default: 100, min: 1, integer: true } as const;
const restarts = { about: 'random starts', default: 1, min: 1, integer: true } as const;

export const apgd = defineAttack({
  name: 'apgd',
  about: 'PGD that chooses its own steps (Croce & Hein 2020)',
  access: 'gradient',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2', 'L1'],
  goals: ['untargeted', 'targeted'],
  losses: ['dlr', ...ANY_LOSS.filter((loss) => loss !== 'dlr')],
  options: { steps, restarts },
  run({ oracle, examples, goal, threat, loss, options }) {
    const { features } = oracle;
    const attacked = examples.images.slice();
    let active = range(examples.labels.length);
    for (let restart = 0; restart < options.restarts && active.length > 0; restart++) {
      const subjects = classTargetsOf(examples, goal, active);
      const { images, reached } = apgdRun({
        oracle,
        threat,
        loss,
        climbed: subjects,
        judged: subjects,
        steps: options.steps,
        originals: gather(examples.images, active, features),
        starts: apgdStarts(examples, active, threat, `start ${restart}`),
      });
      active.forEach((example, i) => {
        row(attacked, example, features).set(row(images, i, features));
      });
      active = active.filter((_, i) => !reached[i]);
    }
    return attacked;
  },
});

export const apgdT = defineAttack({
  name: 'apgd-t',
  about: 'APGD on the targeted DLR loss, runner-up by runner-up (Croce & Hein 2020)',
  access: 'gradient',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2', 'L1'],
  goals: ['untargeted'],
  losses: ['dlr', 'margin'],
  options: {
    steps,
    restarts,
    targets: { about: 'how many runners-up to aim at', default: 9, min: 1, integer: true },
  },
  run({ oracle, examples, goal, threat, loss, options }) {
    const { features, classes } = oracle;
    const attacked = examples.images.slice();
    const order = runnersUp(oracle, examples);
    let active = range(examples.labels.length);
    const targets = Math.min(options.targets, classes - 1);
    for (let rank = 0; rank < targets; rank++) {
      for (let restart = 0; restart < options.restarts && active.length > 0; restart++) {
        const judged = classTargetsOf(examples, goal, active);
        const { images, reached } = apgdRun({
          oracle,
          threat,
          loss,
          climbed: { labels: judged.labels, targets: active.map((i) => order[i][rank]) },
          judged,
          steps: options.steps,
          originals: gather(examples.images, active, features),
          starts: apgdStarts(examples, active, threat, `target ${rank} start ${restart}`),
        });
        active.forEach((example, i) => {
          row(attacked, example, features).set(row(images, i, features));
        });
        active = active.filter((_, i) => !reached[i]);
      }
    }
    return attacked;
  },
});

/** The classes other than the label, by falling logit at the clean image. */
export function runnersUp(oracle: Oracle, { images, labels }: AttackBatch): number[][] {
  const logits = oracle.logits(images);
  return Array.from(labels, (label, i) =>
    ranking(row(logits, i, oracle.classes)).filter((index) => index !== label),
  );
}

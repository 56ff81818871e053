/**
 * Surrogate: strong gradient attacks on a network distilled from this model's answers, every point
 * on the way tried on the model itself, then a random search that starts from the best of them.
 *
 * Papers: Papernot et al. 2017, "Practical Black-Box Attacks against Machine Learning"; Dong et al.
 * 2018 (momentum); Guo, Yan & Zhang 2019, "Subspace Attack", and Cheng et al. 2019, "Improving
 * Black-box Adversarial Attacks with a Transfer-based Prior" (queries guided by another model).
 * Here: the runs alternate between margin and cross-entropy; after the first two each one aims at
 * the next class in the surrogate's ranking. The search changes patches of the best point to where
 * the surrogate's gradient points, or to random signs, and keeps what the model's margin does not
 * lose by.
 * Threat: Linf, L2, L1, L0; untargeted and targeted.
 * Cost: `restarts` x `steps` passes on the surrogate; on this model at most `restarts` x `steps` /
 * `every` + `queries` forward passes, none backward.
 * Fails: where the model gives no scores and the surrogate is not yet right near the image.
 */
import { UserError } from '../errors.ts';
import { gather, goalMargin, range, reachesGoal, row } from './batch.ts';
import { ranking } from './losses.ts';
import { type ClassTargets, classTargetsOf, type Oracle } from './oracle.ts';
import { linearMaximum, project, randomStart, steepestStep } from './threat.ts';
import { type AttackBatch, defineAttack, type Goal, type Threat } from './types.ts';

/** Share of the accumulated gradient that a step keeps. */
const MOMENTUM = 0.9;
/** Share of the features that a step moves, in L1 and L0. */
const SPARSITY = 0.01;
/** Queries after which the search looks at the surrogate's gradient again. */
const QUERIES_PER_GRADIENT = 10;

export const surrogate = defineAttack({
  name: 'surrogate',
  about: 'climbs a network distilled from the model, judged on the model',
  access: 'source-gradient',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2', 'L1', 'L0'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin'],
  options: {
    steps: { about: 'gradient steps on the surrogate', default: 20, min: 1, integer: true },
    restarts: { about: 'runs, the first from the image', default: 4, min: 1, integer: true },
    every: { about: 'steps between two looks at the model', default: 5, min: 1, integer: true },
    queries: { about: 'points of the search that follows', default: 100, min: 0, integer: true },
  },
  run({ oracle, source, examples, goal, threat, options: { steps, restarts, every, queries } }) {
    if (!source) {
      throw new UserError('no-source', 'this attack climbs a surrogate of the model', {
        hint: 'distill one from it',
      });
    }
    const hunt = new Hunt(oracle, source, examples, goal, threat);
    for (let run = 0; run < restarts; run++) hunt.climb(run, steps, every);
    hunt.search(queries);
    return hunt.best;
  },
});

/** The best point of every example so far, by the model's own answers. */
class Hunt {
  readonly best: Float32Array;
  readonly #bestMargin: Float64Array;
  #active: number[];

  readonly oracle: Oracle;
  readonly source: Oracle;
  readonly examples: AttackBatch;
  readonly goal: Goal;
  readonly threat: Threat;

  constructor(
    oracle: Oracle,
    source: Oracle,
    examples: AttackBatch,
    goal: Goal,
    threat: Threat,
    active: readonly number[] = range(examples.labels.length),
  ) {
    this.oracle = oracle;
    this.source = source;
    this.examples = examples;
    this.goal = goal;
    this.threat = threat;
    this.best = examples.images.slice();
    this.#active = [...active];
    this.#bestMargin = new Float64Array(examples.labels.length).fill(Number.NEGATIVE_INFINITY);
    this.#judge(gather(this.best, this.#active, source.features), this.#active);
  }

  /** Asks the model about points, keeps the better ones and drops the examples that are done. */
  #judge(points: Float32Array, rows: readonly number[]): void {
    const { oracle, examples, goal } = this;
    const subjects = classTargetsOf(examples, goal, rows);
    const logits = oracle.logits(points);
    const done = new Set<number>();
    rows.forEach((example, i) => {
      const margin = goalMargin(logits, subjects, i);
      const isReached = reachesGoal(logits, subjects, i);
      if (isReached || margin >= this.#bestMargin[example]) {
        this.#bestMargin[example] = margin;
        row(this.best, example, oracle.features).set(row(points, i, oracle.features));
      }
      if (isReached) done.add(example);
    });
    this.#active = this.#active.filter((example) => !done.has(example));
  }

  /** Momentum ascent on the surrogate. */
  climb(run: number, steps: number, every: number): void {
    const { source, examples, goal, threat } = this;
    const { features } = source;
    let rows = [...this.#active];
    let points = gather(examples.images, rows, features);
    if (rows.length === 0) return;
    if (run > 0) {
      rows.forEach((example, i) => {
        const stream = examples.streams[example].child(`start ${run}`);
        randomStart(
          threat,
          row(examples.images, example, features),
          stream,
          row(points, i, features),
        );
      });
    }
    const aims = this.#aims(run, rows);
    let velocity: Float32Array = new Float32Array(points.length);
    const stepSize = (2.5 * threat.eps) / steps;
    for (let step = 1; step <= steps && rows.length > 0; step++) {
      const subjects: ClassTargets = {
        labels: classTargetsOf(examples, goal, rows).labels,
        targets: aims && Int32Array.from(rows, (example) => aims.get(example) ?? 0),
      };
      const loss = run % 2 === 0 ? 'margin' : 'logits';
      const { gradient } = source.lossGradients(loss, points, subjects);
      rows.forEach((example, i) => {
        const speed = row(velocity, i, features);
        addNormalized(speed, row(gradient, i, features));
        const point = row(points, i, features);
        steepestStep(threat.norm, speed, stepSize, point, SPARSITY);
        project(threat, row(examples.images, example, features), point);
      });
      if (step % every !== 0 && step !== steps) continue;
      this.#judge(points, rows);
      const active = new Set(this.#active);
      const kept = range(rows.length).filter((i) => active.has(rows[i]));
      if (kept.length === rows.length) continue;
      rows = kept.map((i) => rows[i]);
      points = gather(points, kept, features);
      velocity = gather(velocity, kept, features);
    }
  }

  /** The class each example is driven to in this run; undefined: away from its own. */
  #aims(run: number, rows: readonly number[]): ReadonlyMap<number, number> | undefined {
    const { source, examples, goal } = this;
    if (goal.kind === 'targeted') {
      return new Map(rows.map((example) => [example, goal.targets[example]]));
    }
    if (run < 2 || source.classes < 3) return undefined;
    const logits = source.logits(gather(examples.images, rows, source.features));
    return new Map(
      rows.map((example, i) => {
        const others = ranking(row(logits, i, source.classes)).filter(
          (one) => one !== examples.labels[example],
        );
        return [example, others[(run - 1) % others.length]];
      }),
    );
  }

  /** Random search on the model with the surrogate's gradient as a guess. */
  search(queries: number): void {
    const { source, examples, goal, threat } = this;
    const { features } = source;
    const streams = examples.streams.map((stream) => stream.child('search'));
    const guesses = new Map<number, Float32Array>();
    for (let query = 0; query < queries && this.#active.length > 0; query++) {
      const rows = [...this.#active];
      const points = gather(this.best, rows, features);
      if (query % QUERIES_PER_GRADIENT === 0) {
        const subjects = classTargetsOf(examples, goal, rows);
        const { gradient } = source.lossGradients('margin', points, subjects);
        rows.forEach((example, i) => {
          guesses.set(example, row(gradient, i, features).slice());
        });
      }
      // From a third of the image down to a hundredth.
      const share = 0.3 * (0.01 / 0.3) ** (query / queries);
      rows.forEach((example, i) => {
        const guess = guesses.get(example);
        if (!guess) return;
        this.#mutate(row(points, i, features), example, guess, share, streams[example]);
        project(threat, row(examples.images, example, features), row(points, i, features));
      });
      this.#judge(points, rows);
    }
  }

  /** Moves one patch of a point to where the guess, or chance, points. */
  #mutate(
    point: Float32Array,
    example: number,
    guess: Float32Array,
    share: number,
    stream: AttackBatch['streams'][number],
  ): void {
    const { source, examples, threat } = this;
    const [height, width, channels] = source.classifier.inputShape;
    const side = (length: number) => Math.max(1, Math.round(length * Math.sqrt(share)));
    const [tall, wide] = [side(height), side(width)];
    const top = stream.integer(height - tall + 1);
    const left = stream.integer(width - wide + 1);
    const isGuided = stream.uniform() < 0.5;
    const sign = stream.uint32() & 1 ? 1 : -1;
    const original = row(examples.images, example, source.features);
    const direction = new Float32Array(point.length);
    for (let y = top; y < top + tall; y++) {
      for (let x = left; x < left + wide; x++) {
        for (let c = 0; c < channels; c++) {
          const at = (y * width + x) * channels + c;
          direction[at] = isGuided ? guess[at] : sign;
        }
      }
    }
    if (threat.norm !== 'Linf') {
      steepestStep(threat.norm, direction, threat.eps / 4, point, SPARSITY);
      return;
    }
    const moved = new Float32Array(point.length);
    linearMaximum(threat, original, direction, moved);
    for (let at = 0; at < point.length; at++) if (direction[at] !== 0) point[at] = moved[at];
  }
}

/** velocity = momentum * velocity + gradient / |gradient|_1. */
function addNormalized(velocity: Float32Array, gradient: Float32Array): void {
  let total = 0;
  for (const entry of gradient) total += Math.abs(entry);
  const scale = total === 0 ? 0 : 1 / total;
  for (let i = 0; i < velocity.length; i++) {
    velocity[i] = MOMENTUM * velocity[i] + gradient[i] * scale;
  }
}

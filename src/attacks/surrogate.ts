/**
 * Surrogate: strong gradient attacks on a network distilled from this model's answers, with points
 * on the path tried on the model itself; then a random search by the model's scores, and one by its
 * decisions alone, from points outside the budget inward.
 *
 * Papers: Papernot et al. 2017, "Practical Black-Box Attacks against Machine Learning"; Dong et al.
 * 2018 (momentum); Guo, Yan & Zhang 2019, "Subspace Attack" (queries guided by another model); Chen & Gu 2020, "RayS: A Ray Searching Method for Hard-label Adversarial Attack".
 * Here: the runs alternate between margin and cross-entropy; from the third on, each one aims at the
 * next class in the surrogate's ranking. The search by scores changes patches of the best point along
 * the surrogate's gradient or by random signs, and keeps what does not reduce the model's margin; the
 * other one starts from what the surrogate suggests at larger budgets.
 * Threat: Linf, L2, L1, L0; untargeted and targeted.
 * Cost: once per model, `trainingSteps` / 3 batches of 128 images, each answered 2 to 7 times; then
 * `restarts` x `steps` passes on the surrogate and at most `restarts` x `steps` / `every` + `queries`
 * forward passes on this model, none backward.
 * Fails: with few queries, where the surrogate is inaccurate near the image.
 */
import { gather, range, ranking, row } from '../arrays.ts';
import type { RandomStream } from '../engine/index.ts';
import { UserError } from '../errors.ts';
import type { Classifier } from '../models/index.ts';
import { type AttackInput, defineAttack } from './attack.ts';
import { gatherExamples, goalAt } from './examples.ts';
import { classTargetsOf, goalMargin, reachesGoal } from './goals.ts';
import { ascend } from './gradient-ascent.ts';
import { accumulate } from './image-math.ts';
import type { Oracle } from './oracle.ts';
import { RadiusSearch } from './radius-search.ts';
import { nearestInLinf, randomStart, stepWithin } from './threat.ts';
import type { ClassTargets } from './types.ts';

/** Share of the accumulated gradient that a step keeps. */
const MOMENTUM = 0.9;
/** Share of the features that a step moves, in L1 and L0. */
const SPARSITY = 0.01;
/** Queries of the search by scores after which it computes the surrogate's gradient again. */
const QUERIES_PER_GRADIENT = 10;
/** Share of the queries that go by the model's scores; the others go by its decisions. */
const SCORE_SHARE = 0.2;
/** Budgets, as multiples of eps, at which the surrogate is attacked for points to search from. */
const START_FACTORS = [1.7, 2.5, 4];
const START_STEPS = 10;
/** Queries about whether white, black and the inverted image are answered differently. */
const EXTREMES = 3;

export const surrogate = defineAttack({
  name: 'surrogate',
  about: 'attacks a network distilled from the model, then tries the points on the model',
  access: 'surrogate',
  kind: 'search',
  budget: 'fixed',
  random: true,
  norms: ['Linf', 'L2', 'L1', 'L0'],
  goals: ['untargeted', 'targeted'],
  losses: ['margin'],
  options: {
    trainingSteps: {
      about: "steps of the surrogate's training",
      default: 200,
      min: 1,
      integer: true,
    },
    steps: { about: 'gradient steps on the surrogate', default: 10, min: 1, integer: true },
    restarts: { about: 'runs, the first from the image', default: 2, min: 1, integer: true },
    every: {
      about: 'steps between two points tried on the model',
      default: 5,
      min: 1,
      integer: true,
    },
    queries: {
      about: 'points tried by the two searches afterwards',
      default: 300,
      min: 0,
      integer: true,
    },
  },
  expectedPasses: ({ steps, restarts, every, queries }) =>
    1 +
    restarts * (1 + steps + Math.ceil(steps / every)) +
    (queries > 0
      ? queries +
        Math.ceil((SCORE_SHARE * queries) / QUERIES_PER_GRADIENT) +
        START_FACTORS.length * (START_STEPS + 1) +
        EXTREMES
      : 0),
  async run(input) {
    const { steps, restarts, every, queries } = input.options;
    const run = new SurrogateRun(input);
    await run.begin();
    for (let restart = 0; restart < restarts; restart++) await run.ascend(restart, steps, every);
    const byScores = Math.floor(SCORE_SHARE * queries);
    await run.searchByScores(byScores);
    await run.searchByDecisions(queries - byScores);
    return run.best;
  },
});

/** The best point of every example so far, by the model's own answers. */
class SurrogateRun {
  readonly best: Float32Array;
  readonly #bestMargin: Float64Array;
  /** Examples that have not reached their goal yet. */
  #active: number[];
  readonly #input: AttackInput & { readonly source: Oracle };

  constructor(input: AttackInput) {
    const { source, batch } = input;
    if (!source) {
      throw new UserError('no-surrogate', 'this attack needs a network distilled from the model', {
        hint: 'train a surrogate of the model',
      });
    }
    this.#input = { ...input, source };
    this.best = batch.images.slice();
    this.#active = range(batch.labels.length);
    this.#bestMargin = new Float64Array(batch.labels.length).fill(Number.NEGATIVE_INFINITY);
  }

  /** Asks the model about the images as they are. */
  begin(): Promise<void> {
    return this.#tryOnModel(this.#input.batch.images, this.#active);
  }

  /** Asks the model about points, keeps the better ones and drops the examples that are done. */
  async #tryOnModel(points: Float32Array, rows: readonly number[]): Promise<void> {
    const { oracle, batch, goal } = this.#input;
    const classTargets = classTargetsOf(batch, goal, rows);
    const logits = await oracle.logits(points, rows);
    const done = new Set<number>();
    rows.forEach((example, i) => {
      const margin = goalMargin(logits, classTargets, i);
      const isReached = reachesGoal(logits, classTargets, i);
      if (isReached || margin >= this.#bestMargin[example]) {
        this.#bestMargin[example] = margin;
        row(this.best, example, oracle.features).set(row(points, i, oracle.features));
      }
      if (isReached) done.add(example);
    });
    this.#active = this.#active.filter((example) => !done.has(example));
  }

  /** One run of momentum ascent on the surrogate. */
  async ascend(run: number, steps: number, every: number): Promise<void> {
    const { source, batch, goal, threat } = this.#input;
    const { features } = source;
    let rows = [...this.#active];
    let points = gather(batch.images, rows, features);
    if (rows.length === 0) return;
    if (run > 0) {
      rows.forEach((example, i) => {
        const stream = batch.streams[example].child(`start ${run}`);
        randomStart(threat, row(batch.images, example, features), stream, row(points, i, features));
      });
    }
    const targetClasses = await this.#targetClasses(run, rows);
    let velocity: Float32Array = new Float32Array(points.length);
    const stepSize = (2.5 * threat.eps) / steps;
    for (let step = 1; step <= steps && rows.length > 0; step++) {
      const classTargets: ClassTargets = {
        labels: classTargetsOf(batch, goal, rows).labels,
        targets:
          targetClasses && Int32Array.from(rows, (example) => targetClasses.get(example) ?? 0),
      };
      const loss = run % 2 === 0 ? 'margin' : 'logits';
      const { gradient } = await source.lossGradients(loss, points, classTargets);
      rows.forEach((example, i) => {
        const velocityRow = row(velocity, i, features);
        accumulate(velocityRow, MOMENTUM, row(gradient, i, features));
        const point = row(points, i, features);
        const original = row(batch.images, example, features);
        stepWithin(threat, original, velocityRow, stepSize, point, SPARSITY);
      });
      if (step % every !== 0 && step !== steps) continue;
      await this.#tryOnModel(points, rows);
      const active = new Set(this.#active);
      const kept = range(rows.length).filter((i) => active.has(rows[i]));
      if (kept.length === rows.length) continue;
      rows = kept.map((i) => rows[i]);
      points = gather(points, kept, features);
      velocity = gather(velocity, kept, features);
    }
  }

  /** The class each example is aimed at in this run; undefined: any other than its own. */
  async #targetClasses(
    run: number,
    rows: readonly number[],
  ): Promise<ReadonlyMap<number, number> | undefined> {
    const { source, batch, goal } = this.#input;
    if (goal.kind === 'targeted') {
      return new Map(rows.map((example) => [example, goal.targets[example]]));
    }
    if (run < 2 || source.classes < 3) return undefined;
    const logits = await source.logits(gather(batch.images, rows, source.features));
    return new Map(
      rows.map((example, i) => {
        const others = ranking(row(logits, i, source.classes)).filter(
          (one) => one !== batch.labels[example],
        );
        return [example, others[(run - 1) % others.length]];
      }),
    );
  }

  /** Random search by the model's scores, with the surrogate's gradient as a guide. */
  async searchByScores(queries: number): Promise<void> {
    const { source, batch, goal } = this.#input;
    const { features } = source;
    const streams = batch.streams.map((stream) => stream.child('search'));
    const gradients = new Map<number, Float32Array>();
    for (let query = 0; query < queries && this.#active.length > 0; query++) {
      const rows = [...this.#active];
      const points = gather(this.best, rows, features);
      if (query % QUERIES_PER_GRADIENT === 0) {
        const classTargets = classTargetsOf(batch, goal, rows);
        const { gradient } = await source.lossGradients('margin', points, classTargets);
        rows.forEach((example, i) => {
          gradients.set(example, row(gradient, i, features).slice());
        });
      }
      // From a third of the image down to a hundredth.
      const share = 0.3 * (0.01 / 0.3) ** (query / queries);
      rows.forEach((example, i) => {
        const gradient = gradients.get(example);
        if (!gradient) return;
        this.#propose(row(points, i, features), example, gradient, share, streams[example]);
      });
      await this.#tryOnModel(points, rows);
    }
  }

  /**
   * Moves one patch of a point within the budget, along the surrogate's gradient or by one random
   * sign: in Linf to the surface of the ball.
   */
  #propose(
    point: Float32Array,
    example: number,
    gradient: Float32Array,
    share: number,
    stream: RandomStream,
  ): void {
    const { source, batch, threat } = this.#input;
    const original = row(batch.images, example, source.features);
    const patch = randomPatch(source.classifier.inputShape, share, stream);
    const isGuided = stream.uniform() < 0.5;
    const sign = stream.uint32() & 1 ? 1 : -1;
    const slopeAt = (at: number) => (isGuided ? gradient[at] : sign);
    if (threat.norm === 'Linf') {
      for (const at of patch.filter((one) => slopeAt(one) !== 0)) {
        const moved = original[at] + threat.eps * Math.sign(slopeAt(at));
        point[at] = nearestInLinf(threat.eps, original[at], moved);
      }
      return;
    }
    const direction = new Float32Array(point.length);
    for (const at of patch) direction[at] = slopeAt(at);
    stepWithin(threat, original, direction, threat.eps / 4, point, SPARSITY);
  }

  /**
   * Search by decisions on the model, for the examples that are left: from points outside the budget
   * at which it errs, as the surrogate suggests them, inward.
   */
  async searchByDecisions(queries: number): Promise<void> {
    const { oracle, source, batch, goal, threat } = this.#input;
    if (queries === 0 || this.#active.length === 0) return;
    const { features } = oracle;
    const search = new RadiusSearch(oracle, batch, goal, threat);
    for (const factor of START_FACTORS) {
      const rows = this.#active.filter((example) => !search.knows(example));
      const radius = threat.norm === 'L0' ? Math.ceil(factor * threat.eps) : factor * threat.eps;
      const points = await ascend({
        oracle: source,
        batch: gatherExamples(batch, rows, features),
        goal: goalAt(goal, rows),
        threat: { norm: threat.norm, eps: radius },
        loss: 'margin',
        steps: START_STEPS,
        stepSize: (2.5 * radius) / START_STEPS,
        restarts: 1,
        randomStart: false,
        momentum: MOMENTUM,
        sparsity: SPARSITY,
        confidence: Number.POSITIVE_INFINITY,
      });
      await search.begin(
        rows.map((example, i) => {
          const image = row(batch.images, example, features);
          const ray = row(points, i, features).map((pixel, at) => pixel - image[at]);
          return { example, ray, radius };
        }),
      );
    }
    await search.beginAnywhere(this.#active);
    await search.run(this.#active, queries);
    for (const example of this.#active) {
      const point = search.best(example);
      if (point) row(this.best, example, features).set(point);
    }
  }
}

/** Features of a rectangle at a random position that covers `share` of the image, all channels. */
function randomPatch(
  [height, width, channels]: Classifier['inputShape'],
  share: number,
  stream: RandomStream,
): number[] {
  const side = (length: number) => Math.max(1, Math.round(length * Math.sqrt(share)));
  const [tall, wide] = [side(height), side(width)];
  const top = stream.integer(height - tall + 1);
  const left = stream.integer(width - wide + 1);
  const features: number[] = [];
  for (let y = top; y < top + tall; y++) {
    for (let at = (y * width + left) * channels; at < (y * width + left + wide) * channels; at++) {
      features.push(at);
    }
  }
  return features;
}

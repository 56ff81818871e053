/** What is proven about a model's answers to images: certified, broken or open, image by image. */
import { gather, range, row } from '../arrays.ts';
import {
  type AttackBatch,
  type AttackPlan,
  attackNamed,
  isWithin,
  Oracle,
  planAttack,
  runAttack,
} from '../attacks/index.ts';
import { type Dataset, imageSize, imagesAsFloats, labelsAt } from '../data/index.ts';
import { RandomStream } from '../engine/index.ts';
import { type Classifier, classesOf, type Network, type Weight } from '../models/index.ts';
import { budgetBox, crownBounds } from './crown.ts';
import { type Graph, intervalBounds } from './graph.ts';
import { lowerNetwork } from './lowering.ts';
import { extremeSlopes, intervalMargin, linearMargin } from './margins.ts';
import type { Method } from './methods.ts';
import type { Box } from './operations/operation.ts';
import { Relaxation } from './relaxation.ts';

/** What decided an image: its clean answer, an attack, or a bound. */
export const DECIDERS = ['answer', 'attack', 'interval', 'linear', 'crown'] as const;
export type Decider = (typeof DECIDERS)[number];
type BoundName = Exclude<Decider, 'answer' | 'attack'>;

/**
 * `certified`: no image within the budget gets another class. `broken`: the image itself or one within
 * the budget does. `open`: neither is known.
 */
export const OUTCOMES = ['certified', 'broken', 'open'] as const;

/** What is known of one image at one budget. */
export interface ImageCertificate {
  readonly outcome: (typeof OUTCOMES)[number];
  /** What decided it; null where it is open. */
  readonly by: Decider | null;
  /**
   * The best lower bound of how far the class' logit stays above the others; null: none was computed,
   * or there is none.
   */
  readonly margin: number | null;
  /** Spent on bounds of this image. */
  readonly seconds: number;
}

/** A model whose answers can be proven. */
export interface CertifiableModel {
  readonly network: Network;
  readonly weights: readonly Weight[];
  /** The same model on the engine that runs. */
  readonly classifier: Classifier;
}

export interface CertifyJob {
  readonly model: CertifiableModel;
  readonly dataset: Dataset;
  /** Positions of the images in the data set. */
  readonly positions: readonly number[];
  /** Linf budget in pixel values. */
  readonly eps: number;
  readonly method: Method;
  readonly seed: number;
  /** Which images are known to be broken, by their index; absent: an attack looks for them. */
  isBroken?(index: number): boolean;
  /** Called with how many images are decided or given up. */
  onProgress?(done: number, total: number): void;
}

export interface CertifyRun {
  readonly images: readonly ImageCertificate[];
  /** Spent on the attack, all images together. */
  readonly attackSeconds: number;
  readonly seconds: number;
}

/** Images attacked at once. */
const ATTACKED_AT_ONCE = 100;
/**
 * Open numbers of a node up to which `auto` bounds each by a backward pass: layers behind many
 * convolutions would take minutes an image, and seldom decide one.
 */
const AUTO_MOST_OPEN = 512;
/** Images bounded before timers and signals get a turn. */
const IMAGES_BETWEEN_EVENTS = 16;

/** The attack that looks for counterexamples: strong, cheap, on a loss that cannot vanish. */
export function certifyAttack(eps: number, classes: number): AttackPlan {
  return planAttack(attackNamed('pgd'), {
    norm: 'Linf',
    eps,
    loss: 'margin',
    options: { steps: 40 },
    classes,
  });
}

/** What the bounds of one image take. */
interface Case {
  readonly graph: Graph;
  readonly image: Box;
  readonly classes: number;
  readonly label: number;
}

/** The methods in order of their cost; each gives a lower bound of the margin. */
class Bounds {
  readonly #case: Case;
  readonly #intervals: readonly Box[];

  constructor(one: Case) {
    this.#case = one;
    this.#intervals = intervalBounds(one.graph, one.image);
  }

  interval(): number {
    const { graph, classes, label } = this.#case;
    return intervalMargin(graph, this.#intervals, classes, label);
  }

  /** Backward bounds of the logits alone, with interval bounds of everything else. */
  linear(): number {
    return this.#linearWith(this.#intervals);
  }

  /** Backward bounds of everything, or of nodes with no more than `mostOpen` open numbers. */
  crown(mostOpen?: number): number {
    return this.#linearWith(crownBounds(this.#case.graph, this.#intervals, mostOpen));
  }

  #linearWith(boxes: readonly Box[]): number {
    const { graph, classes, label } = this.#case;
    const relaxation = new Relaxation(graph, boxes);
    const choices = [
      extremeSlopes(relaxation, classes - 1, 0),
      {},
      extremeSlopes(relaxation, classes - 1, 1),
    ];
    return linearMargin(relaxation, classes, label, choices);
  }
}

const METHOD_STEPS = {
  interval: ['interval'],
  linear: ['linear'],
  crown: ['crown'],
  auto: ['interval', 'linear', 'crown'],
} as const satisfies Record<Method, readonly BoundName[]>;

/** An image on its way to a decision. */
interface Pending {
  readonly index: number;
  readonly label: number;
  readonly bounds: Bounds;
  readonly margin: number;
  readonly seconds: number;
}

/** What a run works with. */
interface Workspace {
  readonly job: CertifyJob;
  /** `[count, size]` */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly size: number;
  settle(index: number, certificate: ImageCertificate): void;
}

/**
 * Decides images one by one: the clean answer first, then bounds from the cheapest on, with an attack
 * on what the cheapest leaves. The bounds hold for all images that an evaluation takes for being
 * within the budget, its tolerance for rounding included.
 *
 * @throws UserError `no-bound` when a layer has none
 */
export async function certifyImages(job: CertifyJob): Promise<CertifyRun> {
  const { dataset, positions, onProgress } = job;
  const started = performance.now();
  const decided = new Map<number, ImageCertificate>();
  const work: Workspace = {
    job,
    images: imagesAsFloats(dataset, positions),
    labels: labelsAt(dataset, positions),
    size: imageSize(dataset),
    settle(index, certificate) {
      decided.set(index, certificate);
      onProgress?.(decided.size, positions.length);
    },
  };
  const [cheapest, ...others] = METHOD_STEPS[job.method];
  const pending = await boundByCheapest(work, cheapest, await rightAnswers(work));
  const beforeAttack = performance.now();
  const unbroken = await attackAll(work, pending);
  const attackSeconds = secondsSince(beforeAttack);
  for (const one of unbroken) {
    work.settle(one.index, decideBy(job.method, others, one));
    await new Promise(setImmediate);
  }
  const images = range(positions.length).map((index) => {
    const certificate = decided.get(index);
    if (certificate === undefined) throw new Error(`image ${index} was not decided`);
    return certificate;
  });
  return { images, attackSeconds, seconds: secondsSince(started) };
}

const secondsSince = (milliseconds: number) => (performance.now() - milliseconds) / 1000;
const finite = (margin: number) => (Number.isFinite(margin) ? margin : null);

/** The images that the model has right; the others are broken as they are. */
async function rightAnswers({ job, images, labels, size, settle }: Workspace): Promise<number[]> {
  const answers = await answersOf(job.model.classifier, images, size);
  const indices = range(labels.length);
  for (const index of indices.filter((i) => answers[i] !== labels[i])) {
    settle(index, { outcome: 'broken', by: 'answer', margin: null, seconds: 0 });
  }
  return indices.filter((i) => answers[i] === labels[i]);
}

/** The images that the cheapest bounds leave. */
async function boundByCheapest(
  { job, images, labels, size, settle }: Workspace,
  cheapest: BoundName,
  indices: readonly number[],
): Promise<Pending[]> {
  const { eps, model } = job;
  const graph = lowerNetwork(model.network, model.weights);
  const pending: Pending[] = [];
  for (const [count, index] of indices.entries()) {
    const began = performance.now();
    const label = labels[index];
    const image = budgetBox(row(images, index, size), eps);
    const bounds = new Bounds({ graph, image, classes: model.network.classes, label });
    const margin = bounds[cheapest]();
    const seconds = secondsSince(began);
    if (margin > 0) settle(index, { outcome: 'certified', by: cheapest, margin, seconds });
    else pending.push({ index, label, bounds, margin, seconds });
    if (count % IMAGES_BETWEEN_EVENTS === 0) await new Promise(setImmediate);
  }
  return pending;
}

/** The images that an attack leaves. */
async function attackAll(
  { job, images, size, settle }: Workspace,
  pending: readonly Pending[],
): Promise<readonly Pending[]> {
  const { dataset, positions, eps, seed } = job;
  const { classifier } = job.model;
  const settleBroken = ({ index, margin, seconds }: Pending) =>
    settle(index, { outcome: 'broken', by: 'attack', margin: finite(margin), seconds });
  if (job.isBroken) {
    for (const one of pending) if (job.isBroken(one.index)) settleBroken(one);
    return pending.filter(({ index }) => !job.isBroken?.(index));
  }
  if (eps === 0) return pending;
  const stream = new RandomStream(seed, 'certify');
  const unbroken: Pending[] = [];
  for (let start = 0; start < pending.length; start += ATTACKED_AT_ONCE) {
    const some = pending.slice(start, start + ATTACKED_AT_ONCE);
    const indices = some.map(({ index }) => index);
    const batch: AttackBatch = {
      images: gather(images, indices, size),
      labels: Int32Array.from(some, ({ label }) => label),
      streams: indices.map((index) => stream.child(dataset.indices[positions[index]])),
    };
    const plan = certifyAttack(eps, classifier.classes);
    const broken = new Set(await brokenRows(plan, classifier, batch, size));
    for (const [i, one] of some.entries()) {
      if (!broken.has(i)) unbroken.push(one);
      else settleBroken(one);
    }
    await new Promise(setImmediate);
  }
  return unbroken;
}

/** The class of each image, `[count, size]`. */
async function answersOf(
  classifier: Classifier,
  images: Float32Array,
  size: number,
): Promise<Int32Array> {
  const oracle = new Oracle(classifier);
  const count = images.length / size;
  const classes = new Int32Array(count);
  for (let start = 0; start < count; start += ATTACKED_AT_ONCE) {
    const end = Math.min(count, start + ATTACKED_AT_ONCE);
    const logits = await oracle.logits(images.subarray(start * size, end * size));
    classes.set(classesOf(logits, classifier.classes), start);
  }
  return classes;
}

/** The rows of a batch for which the attack finds an image within the budget of another class. */
async function brokenRows(
  plan: AttackPlan,
  classifier: Classifier,
  batch: AttackBatch,
  size: number,
): Promise<number[]> {
  const { images } = await runAttack(plan, classifier, batch);
  const rows = range(batch.labels.length);
  const predicted = await answersOf(classifier, images, size);
  return rows.filter(
    (i) =>
      predicted[i] !== batch.labels[i] &&
      isWithin(plan.threat, row(batch.images, i, size), row(images, i, size)),
  );
}

function decideBy(
  method: Method,
  steps: readonly BoundName[],
  { bounds, margin: known, seconds: spent }: Pending,
): ImageCertificate {
  const began = performance.now();
  let margin = known;
  for (const by of steps) {
    const mostOpen = method === 'auto' ? AUTO_MOST_OPEN : undefined;
    margin = Math.max(margin, by === 'crown' ? bounds.crown(mostOpen) : bounds[by]());
    if (margin > 0) {
      return { outcome: 'certified', by, margin, seconds: spent + secondsSince(began) };
    }
  }
  return {
    outcome: 'open',
    by: null,
    margin: finite(margin),
    seconds: spent + secondsSince(began),
  };
}

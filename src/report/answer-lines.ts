/** The lines beside the answer: images that stay correct by budget, of both models, naive and adaptive. */
import {
  type AttackRecord,
  type EvaluationRecord,
  isFixedBudget,
  type ModelRecord,
} from '../evaluation/index.ts';
import {
  accuracyOnAttacked,
  type Budget,
  mainBudget,
  NO_GRADIENT_SHARE,
  primaryModel,
  untargetedAttacks,
  worstCaseOf,
} from './record-facts.ts';
import { distinct } from './text.ts';

/** Budgets between 0 and the largest at which what is known by image is read. */
const FINE = 60;

/** A share of images at a budget. */
export interface SharePoint {
  readonly eps: number;
  readonly share: number;
}

/** What one model keeps as the budget grows; never rising. */
export interface AnswerLine {
  readonly model: string;
  readonly isPrimary: boolean;
  /** Under one naive attack or under all attacks. */
  readonly kind: 'naive' | 'all';
  /** Of a naive one: such as `FGSM on softmax`, and whether it often had no gradient to follow. */
  readonly attack: string | null;
  readonly isUnreliable: boolean;
  readonly points: readonly SharePoint[];
  /** Images that it is known for between the budgets that were attacked; null: for none. */
  readonly images: number | null;
}

/** The lines of the first and of the primary model, and how far they go. */
export interface AnswerLines extends Budget {
  readonly lines: readonly AnswerLine[];
}

/** Undefined where no budget was attacked without targets. */
export function answerLines(record: EvaluationRecord): AnswerLines | undefined {
  const primary = primaryModel(record);
  const main = mainBudget(record.attacks);
  if (!primary || !main) return undefined;
  const [first] = record.models;
  const models = first.name === primary.name ? [primary] : [first, primary];
  const lines = models.flatMap((model) => {
    const isPrimary = model === primary;
    return [adaptiveLine, naiveLine].flatMap((lineOf) => {
      const line = lineOf(record, model, main);
      return line && line.points.length > 1 ? [{ ...line, model: model.name, isPrimary }] : [];
    });
  });
  return lines.length > 0 ? { ...main, lines } : undefined;
}

/** The budgets of a norm up to the main one that were attacked, rising. */
export function budgetsUpTo(record: EvaluationRecord, { norm, eps }: Budget): number[] {
  const near = untargetedAttacks(record.attacks).filter(
    (one) => one.norm === norm && one.eps > 0 && one.eps <= eps,
  );
  return distinct(near.map((one) => one.eps)).sort((a, b) => a - b);
}

type Line = Omit<AnswerLine, 'model' | 'isPrimary'>;

const curveOf = ({ curves = [] }: ModelRecord, { norm, eps }: Budget, attack: string) =>
  curves.find((one) => one.norm === norm && one.eps >= eps && one.attack === attack)?.budgets;

/** Under all attacks, finely where the smallest perturbations of some images are known. */
function adaptiveLine(record: EvaluationRecord, model: ModelRecord, main: Budget): Line {
  const own = record.attacks.filter(
    (one) => one.model === model.name && one.norm === main.norm && one.target === null,
  );
  const nearest = new Map<number, number>();
  const offer = (image: number, budget: number) =>
    nearest.set(image, Math.min(nearest.get(image) ?? Number.POSITIVE_INFINITY, budget));
  curveOf(model, main, 'fmn')?.forEach((budget, image) => {
    offer(image, budget ?? Number.POSITIVE_INFINITY);
  });
  for (const attack of own.filter((one) => !isFixedBudget(one))) {
    attack.positions.forEach((image, row) => {
      offer(image, attack.success[row] ? attack.distance[row] : Number.POSITIVE_INFINITY);
    });
  }
  const rest = { kind: 'all', attack: null, isUnreliable: false } as const;
  if (nearest.size === 0) {
    return { ...rest, points: measuredPoints(record, model, main), images: null };
  }
  for (const attack of own) {
    attack.positions.forEach((image, row) => {
      if (nearest.has(image) && attack.success[row]) offer(image, budgetOf(attack, row));
    });
  }
  return {
    ...rest,
    points: sharesOf(record, model, nearest, main.eps, FINE),
    images: nearest.size,
  };
}

/** The budget in which a row is known to succeed. */
const budgetOf = (attack: AttackRecord, row: number): number =>
  isFixedBudget(attack) ? Math.min(attack.eps, attack.distance[row]) : attack.distance[row];

/** The share of images that stay correct at each of some budgets, by the smallest that breaks each. */
function sharesOf(
  { data: { labels } }: EvaluationRecord,
  { predicted }: ModelRecord,
  nearest: ReadonlyMap<number, number>,
  eps: number,
  steps: number,
): SharePoint[] {
  const images = [...nearest].filter(([image]) => predicted[image] === labels[image]);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const at = (step * eps) / steps;
    const kept = images.filter(([, budget]) => budget > at || at === 0);
    return { eps: at, share: kept.length / nearest.size };
  });
}

/** The worst case at each budget that was attacked. */
function measuredPoints(
  record: EvaluationRecord,
  model: ModelRecord,
  main: Budget,
): readonly SharePoint[] {
  const points = budgetsUpTo(record, main).flatMap((eps): SharePoint[] => {
    const rate = worstCaseOf(record, { norm: main.norm, eps }, model.name);
    return rate ? [{ eps, share: rate.rate }] : [];
  });
  return [clean(record, model), ...points];
}

function clean(record: EvaluationRecord, model: ModelRecord): SharePoint {
  const own = untargetedAttacks(record.attacks).filter((one) => one.model === model.name);
  return { eps: 0, share: accuracyOnAttacked(record, model, own).rate };
}

/** One step along the gradient of the usual loss; without it, the strongest attack on that loss. */
function naiveLine(record: EvaluationRecord, model: ModelRecord, main: Budget): Line | undefined {
  const zero = model.gradients.find(({ loss }) => loss === 'softmax')?.zero.rate ?? 0;
  const rest = { kind: 'naive', isUnreliable: zero > NO_GRADIENT_SHARE } as const;
  const curve = curveOf(model, main, 'fgsm');
  if (curve) {
    const nearest = new Map(
      curve.map((budget, image) => [image, budget ?? Number.POSITIVE_INFINITY]),
    );
    return {
      ...rest,
      attack: 'FGSM on softmax',
      points: sharesOf(record, model, nearest, main.eps, FINE),
      images: nearest.size,
    };
  }
  const own = untargetedAttacks(record.attacks).filter(
    (one) => one.model === model.name && one.norm === main.norm && one.loss === 'softmax',
  );
  if (own.length === 0) return undefined;
  const points = budgetsUpTo(record, main).flatMap((eps): SharePoint[] => {
    const rates = own.filter((one) => one.eps === eps).map(({ robust }) => robust.rate);
    return rates.length > 0 ? [{ eps, share: Math.min(...rates) }] : [];
  });
  return { ...rest, attack: 'softmax', points: [clean(record, model), ...points], images: null };
}

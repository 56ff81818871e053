/** The one door through which attacks are run: it checks everything once and counts the cost. */
import { UserError } from '../errors.ts';
import type { Classifier } from '../models/index.ts';
import { Oracle } from './oracle.ts';
import type { Attack, AttackBatch, Goal, LossName, Norm, OptionSpec, Threat } from './types.ts';

/** An attack with every choice made: what a record keeps, and what repeats a run. */
export interface AttackPlan {
  readonly attack: Attack;
  readonly threat: Threat;
  readonly loss: LossName | undefined;
  readonly options: Readonly<Record<string, number>>;
}

export interface AttackResult {
  /** `[N, H, W, C]`: one candidate per example, in the order of the examples. */
  readonly images: Float32Array;
  /** Passes over single images. */
  readonly forwards: number;
  readonly backwards: number;
}

function checkedOption(attack: string, name: string, spec: OptionSpec, value: number): number {
  const { min, max = Number.POSITIVE_INFINITY, integer = false } = spec;
  const legal = value >= min && value <= max && (!integer || Number.isSafeInteger(value));
  if (legal && !Number.isNaN(value)) return value;
  const kind = integer ? 'an integer' : 'a number';
  const limit = max === Number.POSITIVE_INFINITY ? `from ${min} up` : `from ${min} to ${max}`;
  throw new UserError('bad-option', `${attack}: ${name} is ${kind} ${limit}, not ${value}`, {
    hint: spec.about,
  });
}

/**
 * Fills in what the user left open and checks the rest, once, before anything runs.
 * @throws UserError naming the choice that does not fit the attack, and the ones that do
 */
export function planAttack(
  attack: Attack,
  choices: {
    readonly norm?: Norm | undefined;
    /** Needed by fixed-budget attacks; a minimal-norm attack takes none. */
    readonly eps?: number | undefined;
    readonly loss?: LossName | undefined;
    readonly options?: Readonly<Record<string, number>>;
  },
): AttackPlan {
  const { norm = attack.norms[0], eps, loss = attack.losses[0] } = choices;
  if (!attack.norms.includes(norm)) {
    throw new UserError(
      'bad-norm',
      `${attack.name} works in ${attack.norms.join(', ')}, not in ${norm}`,
      {
        hint: `choose --norm ${attack.norms[0]}, or another attack`,
      },
    );
  }
  if (loss !== undefined && !attack.losses.includes(loss)) {
    const known = attack.losses.length > 0 ? attack.losses.join(', ') : 'no choice of loss';
    throw new UserError('bad-loss', `${attack.name} takes ${known}, not the loss ${loss}`, {
      hint: attack.losses.length > 0 ? `choose --loss ${attack.losses[0]}` : 'leave out --loss',
    });
  }
  const threat = {
    norm,
    eps: attack.budget === 'minimal' ? Number.POSITIVE_INFINITY : checkedEps(norm, eps),
  };
  const options: Record<string, number> = {};
  const given = choices.options ?? {};
  for (const name of Object.keys(given)) {
    if (name in attack.options) continue;
    const known = Object.keys(attack.options);
    throw new UserError('unknown-option', `${attack.name} has no option '${name}'`, {
      hint: known.length > 0 ? `it has ${known.join(', ')}` : 'it has no options',
    });
  }
  for (const [name, spec] of Object.entries(attack.options)) {
    const value =
      given[name] ??
      (typeof spec.default === 'number' ? spec.default : spec.default(threat, options));
    options[name] = checkedOption(attack.name, name, spec, value);
  }
  return { attack, threat, loss, options };
}

function checkedEps(norm: Norm, eps: number | undefined): number {
  const most = norm === 'Linf' ? 1 : Number.POSITIVE_INFINITY;
  const legal =
    eps !== undefined && eps >= 0 && eps <= most && (norm !== 'L0' || Number.isSafeInteger(eps));
  if (legal && Number.isFinite(eps)) return eps;
  if (norm === 'L0') {
    throw new UserError('bad-eps', `an L0 eps is a number of features, not ${eps}`, {
      hint: 'give an integer from 0 up, such as 112',
    });
  }
  const pixels = eps !== undefined && eps > 1 && norm === 'Linf' ? `${eps}/255` : '0.1 or 8/255';
  throw new UserError('bad-eps', `pixels go from 0 to 1, so eps in ${norm} cannot be ${eps}`, {
    hint: `give eps in units of pixel value, such as ${pixels}`,
  });
}

function checkImages(images: Float32Array, count: number, features: number): void {
  if (images.length !== count * features) {
    throw new UserError(
      'bad-images',
      `${count} images of ${features} values expected, found ${images.length} values`,
    );
  }
  const wrong = images.findIndex((value) => !(value >= 0 && value <= 1));
  if (wrong < 0) return;
  throw new UserError('bad-images', `image values go from 0 to 1, found ${images[wrong]}`, {
    hint: 'divide bytes by 255; normalization belongs inside the model',
  });
}

function checkClasses(what: string, values: Int32Array, count: number, classes: number): void {
  if (values.length !== count) {
    throw new UserError('bad-labels', `${count} ${what} expected, found ${values.length}`);
  }
  const wrong = values.find((value) => value < 0 || value >= classes);
  if (wrong === undefined) return;
  throw new UserError('bad-labels', `${what} go from 0 to ${classes - 1}, found ${wrong}`);
}

/**
 * Runs a planned attack on a batch. With eps = 0 every attack is the identity.
 * @param source the model a transfer attack takes its gradients from
 * @throws UserError where examples, goal and classifier do not fit together; RunError `not-finite`
 */
export function runAttack(
  plan: AttackPlan,
  classifier: Classifier,
  examples: AttackBatch,
  goal: Goal = { kind: 'untargeted' },
  source?: Classifier,
): AttackResult {
  const { attack, threat, options } = plan;
  const oracle = new Oracle(classifier);
  const count = examples.streams.length;
  checkImages(examples.images, count, oracle.features);
  checkClasses('labels', examples.labels, count, classifier.classes);
  if (goal.kind === 'targeted') checkClasses('targets', goal.targets, count, classifier.classes);
  if (!attack.goals.includes(goal.kind)) {
    throw new UserError('bad-goal', `${attack.name} has no ${goal.kind} form`, {
      hint: `it is ${attack.goals.join(' or ')}`,
    });
  }
  if (threat.eps === 0) return { images: examples.images.slice(), forwards: 0, backwards: 0 };
  const sourceOracle = source && new Oracle(source);
  const images = attack.run({
    oracle,
    examples,
    goal,
    threat,
    loss: plan.loss ?? 'margin',
    options,
    ...(sourceOracle && { source: sourceOracle }),
  });
  const { forwards, backwards } = oracle.cost;
  return {
    images,
    forwards: forwards + (sourceOracle?.cost.forwards ?? 0),
    backwards: backwards + (sourceOracle?.cost.backwards ?? 0),
  };
}

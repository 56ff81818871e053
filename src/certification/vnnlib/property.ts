/**
 * Properties of networks in VNN-LIB: the inputs that are meant, as a box, and the outputs that would
 * violate the property, as a disjunction of conjunctions of linear comparisons.
 */
import type { Box } from '../operations/operation.ts';
import { badProperty, type Expression, parseStatements } from './expressions.ts';

/** `coefficients . y + constant >= 0` */
export interface Comparison {
  readonly coefficients: Float64Array;
  readonly constant: number;
}

export interface Property {
  readonly inputs: Box;
  readonly outputCount: number;
  /** The property is violated where all comparisons of one of these hold. */
  readonly violations: readonly (readonly Comparison[])[];
}

/** More variables than any image has values here. */
const MAX_VARIABLES = 2 ** 22;

/** `constant` plus coefficients by variable, such as `X_3`. */
interface Linear {
  readonly constant: number;
  readonly terms: ReadonlyMap<string, number>;
}

const VARIABLE = /^[XY]_(0|[1-9]\d{0,7})$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Reads one file's statements; a class because declarations and bounds build up. */
class Reader {
  readonly #declared = new Set<string>();
  readonly #bounds = new Map<string, { low: number; high: number }>();
  #violations: Linear[][] | undefined;
  #line = 1;

  read(text: string): Property {
    for (const { line, expression } of parseStatements(text)) {
      this.#line = line;
      this.#statement(expression);
    }
    return this.#property();
  }

  #fail(problem: string): never {
    throw badProperty(this.#line, problem);
  }

  #statement(expression: Expression): void {
    const [head, name, type] = expression;
    if (head === 'declare-const' || head === 'declare-fun') {
      if (typeof name !== 'string' || !VARIABLE.test(name)) {
        this.#fail(`variables are called X_0, X_1, … and Y_0, Y_1, …, not ${shown(name)}`);
      }
      if (type !== 'Real' && expression.at(-1) !== 'Real') this.#fail(`${name} is no Real`);
      if (this.#declared.size >= MAX_VARIABLES) this.#fail('there are too many variables');
      this.#declared.add(name);
    } else if (head === 'assert' && expression.length === 2) this.#assert(name);
    else if (head !== 'set-logic' && head !== 'check-sat') {
      this.#fail(`${shown(expression)} is none of declare-const and assert`);
    }
  }

  #assert(condition: Expression): void {
    const disjuncts = this.#disjuncts(condition);
    const isInput = (linear: Linear) => [...linear.terms.keys()].every((name) => name[0] === 'X');
    const isOnlyInput = disjuncts.length === 1 && disjuncts[0].every(isInput);
    if (isOnlyInput) for (const linear of disjuncts[0]) this.#bound(linear);
    else {
      if (disjuncts.flat().some((linear) => [...linear.terms.keys()].some((n) => n[0] === 'X'))) {
        this.#fail('inputs and outputs stand in one condition');
      }
      const before = this.#violations ?? [[]];
      this.#violations = before.flatMap((one) => disjuncts.map((other) => [...one, ...other]));
      if (this.#violations.length > 10_000) this.#fail('there are too many cases');
    }
  }

  /** A condition as a disjunction of conjunctions of `linear >= 0`. */
  #disjuncts(condition: Expression): Linear[][] {
    const [head, ...rest] = typeof condition === 'string' ? [condition] : condition;
    if (head === 'or') return rest.flatMap((one) => this.#disjuncts(one));
    if (head === 'and') {
      return rest.reduce<Linear[][]>(
        (all, one) =>
          all.flatMap((left) => this.#disjuncts(one).map((right) => [...left, ...right])),
        [[]],
      );
    }
    if ((head === '<=' || head === '>=' || head === '<' || head === '>') && rest.length === 2) {
      const [left, right] = rest.map((one) => this.#linear(one));
      return [[head[0] === '>' ? minus(left, right) : minus(right, left)]];
    }
    return this.#fail(`${shown(condition)} is no comparison, "and" or "or"`);
  }

  #linear(expression: Expression): Linear {
    if (typeof expression === 'string') {
      if (NUMBER.test(expression)) return { constant: Number(expression), terms: new Map() };
      if (!this.#declared.has(expression)) this.#fail(`${shown(expression)} was not declared`);
      return { constant: 0, terms: new Map([[expression, 1]]) };
    }
    const [head, ...rest] = expression;
    const parts = rest.map((one) => this.#linear(one));
    if (head === '+' && parts.length > 0) return parts.reduce(plus);
    if (head === '-' && parts.length === 1) return times(-1, parts[0]);
    if (head === '-' && parts.length > 1) return parts.reduce(minus);
    if (head === '*' && parts.length === 2) {
      const [a, b] = parts;
      if (a.terms.size === 0) return times(a.constant, b);
      if (b.terms.size === 0) return times(b.constant, a);
    }
    return this.#fail(`${shown(expression)} is not linear`);
  }

  /** A bound of one input. */
  #bound({ constant, terms }: Linear): void {
    const [entry, ...others] = terms;
    if (entry === undefined || others.length > 0 || entry[1] === 0) {
      this.#fail('a condition on inputs is a bound of one of them');
    }
    const [name, factor] = entry;
    const box = this.#bounds.get(name) ?? {
      low: Number.NEGATIVE_INFINITY,
      high: Number.POSITIVE_INFINITY,
    };
    const limit = -constant / factor + 0; // 0 rather than -0
    if (factor > 0) box.low = Math.max(box.low, limit);
    else box.high = Math.min(box.high, limit);
    this.#bounds.set(name, box);
  }

  #property(): Property {
    const count = (letter: string) =>
      [...this.#declared].filter((name) => name[0] === letter).length;
    const [inputCount, outputCount] = [count('X'), count('Y')];
    const inputs = { lower: new Float64Array(inputCount), upper: new Float64Array(inputCount) };
    for (let i = 0; i < inputCount; i++) {
      const box = this.#bounds.get(`X_${i}`);
      if (!box || !Number.isFinite(box.low) || !Number.isFinite(box.high)) {
        this.#fail(`X_${i} has no lower or no upper bound`);
      }
      if (box.low > box.high) this.#fail(`X_${i} lies between ${box.low} and ${box.high}`);
      inputs.lower[i] = box.low;
      inputs.upper[i] = box.high;
    }
    if (inputCount === 0 || outputCount === 0) this.#fail('there are no inputs, or no outputs');
    if (this.#violations === undefined) this.#fail('there is no condition on outputs');
    const violations = this.#violations.map((all) =>
      all.map(({ constant, terms }) => {
        const coefficients = new Float64Array(outputCount);
        for (const [name, factor] of terms) {
          const index = Number(name.slice(2));
          if (index >= outputCount) this.#fail(`${name} is declared without those before it`);
          coefficients[index] = factor;
        }
        return { coefficients, constant };
      }),
    );
    return { inputs, outputCount, violations };
  }
}

const shown = (expression: Expression | undefined): string =>
  JSON.stringify(expression ?? '').slice(0, 60);

const plus = (a: Linear, b: Linear): Linear => {
  const terms = new Map(a.terms);
  for (const [name, factor] of b.terms) terms.set(name, (terms.get(name) ?? 0) + factor);
  return { constant: a.constant + b.constant, terms };
};
const times = (factor: number, { constant, terms }: Linear): Linear => ({
  constant: factor * constant,
  terms: new Map([...terms].map(([name, value]) => [name, factor * value])),
});
const minus = (a: Linear, b: Linear): Linear => plus(a, times(-1, b));

/**
 * Reads a property.
 * @throws UserError `bad-property` with the line
 */
export function parseProperty(text: string): Property {
  return new Reader().read(text);
}

/**
 * The question whether a class keeps the largest logit over a box, as VNN-LIB: violated where another
 * logit is at least as large.
 */
export function robustnessProperty({ lower, upper }: Box, classes: number, label: number): string {
  const lines = [`; Is class ${label} the answer to every input of this box?`];
  const names = (letter: string, count: number) =>
    Array.from({ length: count }, (_, i) => `(declare-const ${letter}_${i} Real)`);
  lines.push(...names('X', lower.length), ...names('Y', classes));
  lower.forEach((low, i) => {
    lines.push(`(assert (>= X_${i} ${decimal(low)}))`, `(assert (<= X_${i} ${decimal(upper[i])}))`);
  });
  const others = Array.from({ length: classes }, (_, c) => c).filter((c) => c !== label);
  const cases = others.map((c) => `    (and (>= Y_${c} Y_${label}))`);
  lines.push('(assert (or', ...cases, '))');
  return `${lines.join('\n')}\n`;
}

/** A number without an exponent, which not every reader takes; exact. */
function decimal(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(100).replace(/0+$/, '') : text;
}

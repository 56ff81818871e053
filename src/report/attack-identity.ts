/** How attacks are told apart and named in tables and charts: by their data, never by a name. */
import { type AttackIdentity, choicesOf } from '../evaluation/index.ts';
import { numberText } from '../numbers.ts';
import { distinct } from './text.ts';

const keyOf = (identity: AttackIdentity, ...more: readonly unknown[]): string => {
  const { attack, norm, loss, target, source } = identity;
  return JSON.stringify([attack, norm, loss, choicesOf(identity), target, source, ...more]);
};

/** The same for an attack at every budget: what one line over eps shows. */
export const seriesKey = (identity: AttackIdentity): string => keyOf(identity);

/** The same for one attack at one budget, on every model. */
export const attackKey = (identity: AttackIdentity): string => keyOf(identity, identity.eps);

/** Elements with one key together, in the order of their first appearance. */
export function grouped<T>(values: readonly T[], keyOf: (value: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return [...groups.values()];
}

const optionText = ([name, value]: readonly [string, number]): string =>
  `${name}=${numberText(value)}`;

/** An attack, its loss, its own choices and its source, such as `pgd margin steps=100`. */
export function attackLabel(identity: AttackIdentity): string {
  const { attack, loss, target, source } = identity;
  return [
    attack,
    ...(loss === null ? [] : [loss]),
    ...choicesOf(identity).map(optionText),
    ...(target === null ? [] : [`target=${target}`]),
    ...(source === null ? [] : [`from ${source}`]),
  ].join(' ');
}

/** Such as `jsma, every target` or `transfer from baseline`. */
export function attackTitle({ attack, target, source }: AttackIdentity): string {
  return [
    attack,
    target === null ? '' : target === 'every' ? ', every target' : `, target ${target}`,
    source === null ? '' : ` from ${source}`,
  ].join('');
}

/** Every option of an attack, such as `steps 40, restarts 1`. */
export const optionsText = ({ options }: AttackIdentity): string =>
  Object.entries(options)
    .map(([name, value]) => `${name} ${numberText(value)}`)
    .join(', ');

/** The name of an attack in a table. */
export interface TableName {
  /** Such as `transfer from baseline`, with options where two attacks differ in nothing else. */
  readonly title: string;
  /** The same without the source where all sources are the same. */
  readonly brief: string;
}

/**
 * Names of the attacks of a table that can be told apart, by `attackKey`. Options appear where two
 * attacks differ in nothing else, the first of them that differ, such as `pgd steps=100`.
 */
export function tableNames(attacks: readonly AttackIdentity[]): ReadonlyMap<string, TableName> {
  const kinds = new Map(attacks.map((attack) => [attackKey(attack), attack]));
  const plain = ({ attack, norm, eps, loss, target, source }: AttackIdentity) =>
    JSON.stringify([attack, norm, eps, loss, target, source]);
  return new Map(
    Array.from(kinds, ([key, attack]) => {
      const chosen = new Map(choicesOf(attack));
      const shown: string[] = [];
      let alike = [...kinds.values()].filter((other) => plain(other) === plain(attack));
      for (const [option, value] of Object.entries(attack.options)) {
        const rest = alike.filter((twin) => twin.options[option] === value);
        if (rest.length < alike.length && chosen.has(option))
          shown.push(optionText([option, value]));
        alike = rest;
      }
      const sources = attacks.filter((other) => other.attack === attack.attack);
      const isPlain =
        attack.target === null && distinct(sources.map(({ source }) => source)).length === 1;
      const title = [attackTitle(attack), ...shown].join(' ');
      return [key, { title, brief: isPlain ? [attack.attack, ...shown].join(' ') : title }];
    }),
  );
}

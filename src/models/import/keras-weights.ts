/**
 * Where the layers of a Keras description find their weights: by name in a flat list, by layer in an
 * `.h5` file, by class and count in a `.keras` archive.
 */
import { archiveGroups } from '../keras-names.ts';
import type { Constant } from './constants.ts';
import { damaged } from './errors.ts';
import type { Hdf5Group } from './hdf5.ts';

export interface LayerId {
  readonly name: string;
  readonly className: string;
}

/** The weights of one model's layers. */
export interface WeightScope {
  /**
   * A layer's weights.
   * @param roles what Keras stores for it, in order
   * @throws ImportError when they are not all there
   */
  weightsOf(layer: LayerId, roles: readonly string[]): readonly Constant[];
  /** The same for a model inside of this one. */
  inner(model: LayerId, layers: readonly LayerId[]): WeightScope;
}

/** Makes the scope of a model with these layers. */
export type WeightSource = (layers: readonly LayerId[]) => WeightScope;

interface NamedWeight {
  /** `layer/role`, with whatever a model's nesting puts before and between. */
  readonly path: string;
  readonly value: Constant;
}

/** Other names of a role, in other versions of Keras. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  kernel: ['W'],
  bias: ['b'],
  depthwise_kernel: ['kernel'],
  gamma: ['scale'],
  beta: ['offset'],
  moving_mean: ['running_mean'],
  moving_variance: ['running_std'],
};

function findByName(weights: readonly NamedWeight[], layer: string, role: string): Constant {
  const names = [role, ...(OTHER_NAMES[role] ?? [])];
  const isOwn = (path: string, name: string) => {
    const parts = path.replace(/:0$/, '').split('/');
    return parts.at(-1) === name && parts.includes(layer);
  };
  const isDirect = (path: string, name: string) =>
    path === `${layer}_${name}` || (path.startsWith(`${layer}_`) && path.endsWith(`/${name}`));
  for (const matches of [isOwn, isDirect]) {
    for (const name of names) {
      const found = weights.filter(({ path }) => matches(path, name));
      if (found.length > 1) throw damaged(`several weights could be the ${role} of "${layer}"`);
      if (found.length === 1) return found[0].value;
    }
  }
  throw damaged(`the layer "${layer}" has no ${role}`);
}

/** Weights that are found by their names alone. */
export function namedWeights(weights: ReadonlyMap<string, Constant>): WeightSource {
  const named = Array.from(weights, ([path, value]) => ({ path, value }));
  const scope: WeightScope = {
    weightsOf: ({ name }, roles) => roles.map((role) => findByName(named, name, role)),
    inner: () => scope,
  };
  return () => scope;
}

/** A list of names, which Keras splits over several attributes where it is long. */
function namesIn({ attributes }: Hdf5Group, attribute: string): string[] {
  const parts = [attribute, ...Array.from(attributes.keys(), (_, i) => `${attribute}${i}`)];
  return parts.flatMap((part) => attributes.get(part) ?? []);
}

function datasetAt(group: Hdf5Group, path: string): Constant {
  const steps = path.split('/');
  const last = steps.pop() ?? '';
  let at: Hdf5Group | undefined = group;
  for (const step of steps) at = at?.groups.get(step);
  const found = at?.datasets.get(last);
  if (found === undefined) throw damaged(`the weight "${path}" is not in the file`);
  return found;
}

/**
 * The weights of an `.h5` file: a group for each layer, and one for each inner model, whose weights
 * lie there side by side.
 * @param root the group with the attribute `layer_names`
 */
export function h5Weights(root: Hdf5Group): WeightSource {
  const groups = new Map(
    namesIn(root, 'layer_names').map((name) => {
      const group = root.groups.get(name);
      if (group === undefined) throw damaged(`the weights of "${name}" are not in the file`);
      const paths = namesIn(group, 'weight_names');
      return [name, paths.map((path) => ({ path, value: datasetAt(group, path) }))];
    }),
  );
  const byName = (weights: readonly NamedWeight[]): WeightScope => ({
    weightsOf: ({ name }, roles) => {
      const own = groups.get(name) ?? [];
      if (own.length === roles.length) return own.map(({ value }) => value);
      return roles.map((role) => findByName(weights, name, role));
    },
    inner: ({ name }) => byName(groups.get(name) ?? weights),
  });
  return () => byName([...groups.values()].flat());
}

/** What the group of a model calls its layers, in Keras 3 and in Keras 2. */
export const CONTAINERS = ['layers', '_layer_checkpoint_dependencies'];

/**
 * The weights of a `.keras` archive: a group for each layer, named after its class and its position
 * among the layers of that class, with its weights in order under `vars`.
 * @param root the group of the model
 */
export function archiveWeights(root: Hdf5Group): WeightSource {
  const source =
    (group: Hdf5Group | undefined): WeightSource =>
    (layers) => {
      const places = archiveGroups(layers.map(({ className }) => className));
      const placeOf = new Map(layers.map(({ name }, i) => [name, places[i]]));
      const container = CONTAINERS.map((name) => group?.groups.get(name)).find(Boolean);
      const groupOf = ({ name }: LayerId) => container?.groups.get(placeOf.get(name) ?? '');
      return {
        weightsOf(layer, roles) {
          const stored = groupOf(layer)?.groups.get('vars')?.datasets;
          return roles.map((role, i) => {
            const found = stored?.get(`${i}`);
            if (found === undefined) throw damaged(`the layer "${layer.name}" has no ${role}`);
            return found;
          });
        },
        inner: (model, inside) => source(groupOf(model))(inside),
      };
    };
  return source(root);
}

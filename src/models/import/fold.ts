/**
 * Simplifies the layers of an imported network without changing what it computes (up to
 * rounding): batch normalization goes into the layer before it, ReLU and padding into their
 * convolutions, and layers that do nothing are removed.
 */
import type { Padding } from '../layers/layer-kind.ts';
import { kindOf, type Layer } from '../layers/registry.ts';
import { IMAGE } from '../shapes.ts';
import { WEIGHT_ROLES, type WeightRole } from '../weights.ts';

type Weights = Map<string, Float32Array>;
const LINEAR_KINDS = ['conv2d', 'depthwise-conv2d', 'grouped-conv2d', 'dense'] as const;
type LinearKind = (typeof LINEAR_KINDS)[number];
type Linear = Extract<Layer, { kind: LinearKind }>;

/** A layer that names its inputs. */
export type ExplicitLayer = Layer & { inputs: readonly string[] };

function isLinear(layer: Layer): layer is Linear {
  return LINEAR_KINDS.some((kind) => kind === layer.kind);
}

/** @throws Error when there are no such values */
function weightOf({ name }: Layer, role: WeightRole, weights: Weights): Float32Array {
  const found = weights.get(`${name}/${role}`);
  if (!found) throw new Error(`there is no weight ${name}/${role}`);
  return found;
}

/** Kernels are `[..., units]` in memory, so a unit's values are `units` apart. */
function foldAffine(
  linear: ExplicitLayer & Linear,
  affine: ExplicitLayer,
  weights: Weights,
): ExplicitLayer {
  const scale = weightOf(affine, 'scale', weights);
  const offset = weightOf(affine, 'offset', weights);
  const kernel = weightOf(linear, 'kernel', weights);
  const bias = weights.get(`${linear.name}/bias`);
  const units = scale.length;
  weights.set(
    `${linear.name}/kernel`,
    kernel.map((value, i) => value * scale[i % units]),
  );
  weights.set(
    `${linear.name}/bias`,
    offset.map((value, i) => (bias?.[i] ?? 0) * scale[i] + value),
  );
  return { ...linear, bias: true };
}

function mergeAffine(first: ExplicitLayer, second: ExplicitLayer, weights: Weights): ExplicitLayer {
  const [scale1, offset1, scale2, offset2] = [first, second].flatMap((layer) => [
    weightOf(layer, 'scale', weights),
    weightOf(layer, 'offset', weights),
  ]);
  weights.set(
    `${first.name}/scale`,
    scale1.map((value, i) => value * scale2[i]),
  );
  weights.set(
    `${first.name}/offset`,
    offset1.map((value, i) => value * scale2[i] + offset2[i]),
  );
  return first;
}

function addPadding(a: Exclude<Padding, string>, b: Padding): Padding {
  if (b === 'valid') return a;
  if (b === 'same') throw new TypeError('padding cannot be added to the rule "same"');
  return [
    [a[0][0] + b[0][0], a[0][1] + b[0][1]],
    [a[1][0] + b[1][0], a[1][1] + b[1][1]],
  ];
}

/** The one layer that computes what two in a row do, or undefined. `first` has no other reader. */
function merge(
  first: ExplicitLayer,
  second: ExplicitLayer,
  weights: Weights,
): ExplicitLayer | undefined {
  if (second.kind === 'affine') {
    if (first.kind === 'affine') return mergeAffine(first, second, weights);
    if (isLinear(first) && first.activation === 'linear') {
      return foldAffine(first, second, weights);
    }
  }
  if (second.kind === 'activation' && second.activation === 'relu') {
    if (isLinear(first) && first.activation === 'linear') return { ...first, activation: 'relu' };
  }
  if (
    first.kind === 'pad' &&
    isLinear(second) &&
    second.kind !== 'dense' &&
    second.padding !== 'same'
  ) {
    const padding = addPadding(first.padding, second.padding);
    return { ...second, inputs: first.inputs, padding };
  }
  return undefined;
}

function doesNothing(node: ExplicitLayer, weights: Weights): boolean {
  switch (node.kind) {
    case 'dropout':
      return true;
    case 'pad':
      return node.padding.flat().every((size) => size === 0);
    case 'transpose':
      return node.order.every((axis, i) => axis === i);
    case 'affine':
      return (
        (weights.get(`${node.name}/scale`)?.every((value) => value === 1) ?? false) &&
        (weights.get(`${node.name}/offset`)?.every((value) => value === 0) ?? false)
      );
    default:
      return false;
  }
}

/** Gives the layers their names in order: conv1, conv2, dense1, … and `logits` to the last. */
function rename(
  nodes: readonly ExplicitLayer[],
  weights: Weights,
): { layers: Layer[]; weights: Weights } {
  const counts = new Map<string, number>();
  const names = new Map([[IMAGE, IMAGE]]);
  const renamed: Weights = new Map();
  let previous = IMAGE;
  const layers = nodes.map(({ inputs, ...node }, i) => {
    const { stem } = kindOf(node);
    const count = (counts.get(stem) ?? 0) + 1;
    counts.set(stem, count);
    const last = i === nodes.length - 1;
    const name = last && node.kind === 'dense' ? 'logits' : `${stem}${count}`;
    for (const role of WEIGHT_ROLES) {
      const values = weights.get(`${node.name}/${role}`);
      if (values) renamed.set(`${name}/${role}`, values);
    }
    const sources = inputs.map((input) => names.get(input) ?? input);
    names.set(node.name, name);
    const chained = sources.length === 1 && sources[0] === previous;
    previous = name;
    return { ...node, name, ...(chained ? {} : { inputs: sources }) } as Layer;
  });
  return { layers, weights: renamed };
}

/**
 * @param layers in order, with explicit inputs
 * @param output the layer whose output counts; what does not lead to it is dropped
 */
export function foldLayers(
  layers: readonly ExplicitLayer[],
  weights: ReadonlyMap<string, Float32Array>,
  output: string,
): { layers: Layer[]; weights: Weights } {
  const values: Weights = new Map(weights);
  const needed = new Set([output]);
  for (const layer of layers.toReversed()) {
    if (needed.has(layer.name)) for (const input of layer.inputs) needed.add(input);
  }
  const given = layers.filter(({ name }) => needed.has(name));
  const readers = new Map<string, number>();
  for (const { inputs } of given) {
    for (const input of inputs) readers.set(input, (readers.get(input) ?? 0) + 1);
  }

  const kept = new Map<string, ExplicitLayer>();
  /** The layer that each removed layer is part of now. */
  const now = new Map<string, string>();
  for (const layer of given) {
    const node = { ...layer, inputs: layer.inputs.map((name) => now.get(name) ?? name) };
    const [source] = node.inputs;
    const first = kept.get(source);
    const sole = node.inputs.length === 1 && readers.get(source) === 1;
    const merged = first && sole ? merge(first, node, values) : undefined;
    if (merged !== undefined) {
      kept.delete(source);
      kept.set(merged.name, merged);
      if (merged.name !== node.name) {
        now.set(node.name, merged.name);
        readers.set(merged.name, readers.get(node.name) ?? 0);
      }
    } else if (doesNothing(node, values)) {
      now.set(node.name, source);
      // The readers of this layer now read its source.
      const extra = (readers.get(node.name) ?? 0) - 1;
      readers.set(source, (readers.get(source) ?? 0) + extra);
    } else {
      kept.set(node.name, node);
    }
  }
  return rename([...kept.values()], values);
}

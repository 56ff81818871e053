/** Configurations of Keras layers, in the terms of Keras 2 and 3 whatever version wrote them. */
import type { Padding } from '../layers/layer-kind.ts';
import { type JsonObject, list, numbers, object, text } from './json.ts';
import { arePositive, fail } from './operators.ts';

/** A layer as its configuration says it. */
export interface KerasEntry {
  readonly className: string;
  readonly name: string;
  readonly config: JsonObject;
}

/** What Keras 1 called its classes. */
const OLD_CLASSES: ReadonlyMap<string, string> = new Map([
  ['Convolution2D', 'Conv2D'],
  ['AtrousConvolution2D', 'Conv2D'],
  ['AtrousConv2D', 'Conv2D'],
  ['SeparableConvolution2D', 'SeparableConv2D'],
]);

/** What Keras 1 called keys of configurations. */
const OLD_KEYS: ReadonlyMap<string, string> = new Map([
  ['border_mode', 'padding'],
  ['subsample', 'strides'],
  ['atrous_rate', 'dilation_rate'],
  ['bias', 'use_bias'],
  ['dim_ordering', 'data_format'],
]);

/** What Keras 1 called the orders of channels. */
const OLD_FORMATS: ReadonlyMap<unknown, string> = new Map([
  ['th', 'channels_first'],
  ['tf', 'channels_last'],
]);

/** Tuples and shapes that TensorFlow wrote as objects, as the lists they are. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('items' in value && 'class_name' in value && Array.isArray(value.items)) {
    return value.items.map(plain);
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

/** The description of a model with nothing in it but lists, objects, texts and numbers. */
export function plainDescription(model: unknown): JsonObject {
  return object(plain(model), 'the model');
}

function modernConfig(config: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      OLD_KEYS.get(key) ?? key,
      OLD_FORMATS.get(value) ?? value,
    ]),
  );
}

/** Reads one entry of a model's list of layers. */
export function entryOf(layer: JsonObject): KerasEntry {
  const given = text(layer.class_name, 'class_name');
  // Old versions keep an inner sequential model's layers directly under `config`.
  const config = Array.isArray(layer.config) ? {} : object(layer.config, 'config');
  return {
    className: OLD_CLASSES.get(given) ?? given,
    name: text(layer.name ?? config.name ?? given, 'the name of a layer'),
    config: modernConfig(config),
  };
}

interface Configured {
  readonly operator: string;
  readonly node: string;
  readonly config: JsonObject;
}

/** Two sizes, which may be written as one. */
export function pair(call: Configured, key: string, otherwise: number): [number, number] {
  const value = call.config[key] ?? otherwise;
  const sizes = typeof value === 'number' ? [value, value] : numbers(value, key);
  if (sizes.length !== 2 || !arePositive(sizes)) fail(call, `${key} [${sizes}]`);
  return [sizes[0], sizes[1]];
}

/** The rule by which a window is padded. */
export function paddingRule(call: Configured): Padding {
  const rule = call.config.padding ?? 'valid';
  return rule === 'same' || rule === 'valid' ? rule : fail(call, `padding ${rule}`);
}

/** A number or a list of numbers, as Keras takes them for scales and offsets. */
export function numberOrNumbers(value: unknown, what: string): number[] {
  if (typeof value === 'number') return [value];
  return list(value, what).flatMap((one) => numberOrNumbers(one, what));
}

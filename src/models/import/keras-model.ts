/** Keras descriptions of a model, sequential or functional, one inside of another. */
import { damaged, ImportError, unsupported } from './errors.ts';
import { type ImportOptions, imageShapeOf, onlyInput, startNetwork } from './image.ts';
import { type JsonObject, list, object, text } from './json.ts';
import type { KerasContext, Output } from './keras-call.ts';
import { entryOf, plainDescription } from './keras-config.ts';
import { buildKerasLayer } from './keras-layers.ts';
import type { LayerId, WeightScope, WeightSource } from './keras-weights.ts';
import { flatten } from './layers.ts';
import type { BuiltNetwork } from './network-builder.ts';
import { chooseOutput } from './output.ts';

/** A description and its weights, as a file holds them. */
export interface KerasModel {
  readonly model: unknown;
  readonly weights: WeightSource;
  /** Keras' version, such as `2.15.0`. */
  readonly version?: string | undefined;
  /** `tensorflow`, `theano`, … */
  readonly backend?: string | undefined;
}

const MODELS = new Set(['Sequential', 'Functional', 'Model']);

/** What computes with a model's layers. */
interface Scope {
  readonly context: KerasContext;
  readonly weights: WeightScope;
  /** Which output of the model to follow. */
  readonly output?: string | undefined;
}

/** A model's layers. Old versions keep those of a sequential model directly under `config`. */
function layersOf({ config }: JsonObject): JsonObject[] {
  const layers = Array.isArray(config) ? config : list(object(config, 'config').layers, 'layers');
  return layers.map((layer) => object(layer, 'a layer'));
}

function idsOf(model: JsonObject): LayerId[] {
  return layersOf(model).map((layer) => {
    const { name, className } = entryOf(layer);
    return { name, className };
  });
}

/** A tensor, by the layer that it comes from, or a number. */
type Operand = { readonly from: string } | number;

/** In Keras 1 and 2, a tensor is `[layer, node, output, arguments]`. */
function listedOperands(tensor: readonly unknown[]): Operand[] {
  const [name, , third, keywords] = tensor;
  const first: Operand =
    name === '_CONSTANT_VALUE' ? Number(third) : { from: text(name, 'the name of a layer') };
  const { y } = keywords === undefined ? {} : object(keywords, 'the arguments of a node');
  if (typeof y === 'number') return [first, y];
  return Array.isArray(y) ? [first, ...listedOperands(y)] : [first];
}

/** What feeds a node, in the form of Keras 1 and 2 or of Keras 3. */
function operandsOf(node: unknown): Operand[] {
  if (Array.isArray(node)) {
    if (typeof node[0] === 'string') return listedOperands(node);
    return node.flatMap((one) => listedOperands(list(one, 'an inbound node')));
  }
  const found: Operand[] = [];
  const pending: unknown[] = [object(node, 'an inbound node').args];
  while (pending.length > 0) {
    const value = pending.shift();
    if (Array.isArray(value)) pending.unshift(...value);
    else if (typeof value === 'number') found.push(value);
    else if (typeof value === 'object' && value !== null) {
      const { keras_history: history } = object(object(value, 'a tensor').config, 'a tensor');
      found.push({ from: text(list(history, 'keras_history')[0], 'the name of a layer') });
    }
  }
  return found;
}

type Argument = Output | number;

const isOutput = (one: Argument): one is Output => typeof one === 'object';

function runLayer(layer: JsonObject, operands: readonly Argument[], scope: Scope): Output {
  const { className, name, config } = entryOf(layer);
  const given = operands.filter(isOutput);
  if (given.length === 0) throw damaged(`the layer "${name}" has no input`);
  if (MODELS.has(className)) {
    const weights = scope.weights.inner({ name, className }, idsOf(layer));
    return runModel(layer, given, { context: scope.context, weights });
  }
  return buildKerasLayer({
    ...scope.context,
    operator: className,
    node: name,
    config,
    given,
    inputs: given.map(({ feature }) => feature),
    operands: operands.map((one) => (isOutput(one) ? one.feature : one)),
    weights: (...roles) => scope.weights.weightsOf({ name, className }, roles),
  });
}

/** The layers that a functional model names as its inputs or outputs: one tensor, or a list. */
function namesOf(tensors: unknown, what: string): string[] {
  const given = list(tensors, what);
  if (typeof given[0] === 'string') return [given[0]];
  return given.map((one) => text(list(one, what)[0], what));
}

function runFunctional(model: JsonObject, inputs: readonly Output[], scope: Scope): Output {
  const config = object(model.config, 'config');
  const inputNames = namesOf(config.input_layers, 'the input layers');
  const outputs = new Map<string, Output>([[onlyInput(inputNames), inputs[0]]]);
  const outputNames = namesOf(config.output_layers, 'the output layers');
  for (const layer of layersOf(model)) {
    const { className, name } = entryOf(layer);
    if (className === 'InputLayer') continue;
    const nodes = list(layer.inbound_nodes ?? [], 'inbound_nodes');
    if (nodes.length !== 1) throw unsupported(className, name, 'it is used more than once');
    const operands = operandsOf(nodes[0]).map((operand) => {
      if (typeof operand === 'number') return operand;
      const output = outputs.get(operand.from);
      if (output === undefined) throw damaged(`"${name}" reads "${operand.from}" too early`);
      return output;
    });
    outputs.set(name, runLayer(layer, operands, scope));
  }
  const last = chooseOutput(outputNames, scope.output);
  const output = outputs.get(last);
  if (output === undefined) throw damaged(`the output layer "${last}" does not exist`);
  return output;
}

function runModel(model: JsonObject, inputs: readonly Output[], scope: Scope): Output {
  if (model.class_name !== 'Sequential') return runFunctional(model, inputs, scope);
  return layersOf(model)
    .filter(({ class_name: type }) => type !== 'InputLayer')
    .reduce<Output>((input, layer) => runLayer(layer, [input], scope), inputs[0]);
}

/** The sizes of the model's input, from the first layer that says them. */
function inputSizes(model: JsonObject): number[] {
  for (const layer of layersOf(model)) {
    const { className, config } = entryOf(layer);
    if (MODELS.has(className)) return inputSizes(layer);
    const shape = config.batch_input_shape ?? config.batch_shape ?? config.batchInputShape;
    if (shape !== undefined) {
      return list(shape, 'the input shape')
        .slice(1)
        .map((size) => (typeof size === 'number' ? size : -1));
    }
    // Keras 1 may give a first dense layer nothing but a count.
    if (typeof config.input_dim === 'number') return [config.input_dim];
  }
  return [];
}

/** The first order of channels that a layer with windows names; undefined where none does. */
function orderOfChannels(model: JsonObject): unknown {
  for (const layer of layersOf(model)) {
    const { className, config } = entryOf(layer);
    const inner = MODELS.has(className) ? orderOfChannels(layer) : undefined;
    // Of Flatten it says nothing about the layers around.
    const own = className === 'Flatten' ? undefined : config.data_format;
    if (inner !== undefined || own !== undefined) return inner ?? own;
  }
  return undefined;
}

/**
 * Makes a network of a Keras description and its weights.
 * @throws ImportError when it is no image classifier that this program can run
 */
export function importKerasModel(keras: KerasModel, options: ImportOptions): BuiltNetwork {
  const model = plainDescription(keras.model);
  if (!MODELS.has(`${model.class_name}`)) {
    throw new ImportError(
      'unsupported-model',
      `a model of the class ${JSON.stringify(model.class_name)} is not supported`,
      'build it as a Sequential or functional model, or export a SavedModel',
    );
  }
  const sizes = inputSizes(model);
  const channelsFirst = orderOfChannels(model) === 'channels_first';
  const isImage = sizes.length === 3;
  const ordered = channelsFirst && isImage ? [sizes[1], sizes[2], sizes[0]] : sizes;
  const { builder, input } = startNetwork(imageShapeOf(ordered, options.imageShape), options);
  const start: Output =
    sizes.length === 1
      ? {
          feature: flatten(builder, input),
          image: input,
          byChannel: channelsFirst && input.shape[2] > 1,
        }
      : { feature: input };
  const scope = {
    context: {
      builder,
      version: Number.parseInt(keras.version ?? '2', 10) || 2,
      turned: keras.backend === 'theano',
      channelsFirst,
    },
    weights: keras.weights(idsOf(model)),
    output: options.output,
  };
  return builder.finish('imported', runModel(model, [start], scope).feature);
}

/** Keras descriptions of a model, sequential or functional, as TensorFlow.js keeps them in JSON. */
import type { Padding } from '../layers/layer-kind.ts';
import { NONLINEARITIES } from '../layers/nonlinearities.ts';
import { type Constant, elementsOf } from './constants.ts';
import { damaged, ImportError, unsupported } from './errors.ts';
import { type ImportOptions, imageShapeOf, startNetwork } from './image.ts';
import { type JsonObject, list, number, numbers, object, text } from './json.ts';
import {
  affine,
  batchNormalization,
  convolution,
  dense,
  depthwiseConvolution,
  flatten,
} from './layers.ts';
import type { BuiltNetwork, Feature, LayerContent, NetworkBuilder } from './network-builder.ts';
import { arePadding, arePositive, fail } from './operators.ts';

/** A feature, and whether a softmax was taken of it (the feature is then the logits). */
interface Output {
  readonly feature: Feature;
  readonly softmax: boolean;
}

interface Context {
  readonly builder: NetworkBuilder;
  readonly weights: ReadonlyMap<string, Constant>;
}

interface Call extends Context {
  readonly operator: string;
  readonly node: string;
  readonly config: JsonObject;
  readonly inputs: readonly Feature[];
}

/** A layer's weight: `name/role`, with whatever a model's nesting puts before and between. */
function weight(call: Call, role: string): Constant | undefined {
  const own = [...call.weights].filter(([path]) => {
    const parts = path.replace(/:0$/, '').split('/');
    return parts.at(-1) === role && parts.includes(call.node);
  });
  const direct = [...call.weights].filter(
    ([path]) => path.startsWith(`${call.node}_`) && path.endsWith(`/${role}`),
  );
  const found = own.length > 0 ? own : direct;
  if (found.length > 1) throw damaged(`several weights could be the ${role} of "${call.node}"`);
  return found[0]?.[1];
}

function needed(call: Call, role: string): Constant {
  const found = weight(call, role);
  if (found === undefined) throw damaged(`the layer "${call.node}" has no ${role}`);
  return found;
}

function pair(call: Call, key: string, otherwise: number): [number, number] {
  const value = call.config[key] ?? otherwise;
  const sizes = typeof value === 'number' ? [value, value] : numbers(value, key);
  if (sizes.length !== 2 || !arePositive(sizes)) fail(call, `${key} [${sizes}]`);
  return [sizes[0], sizes[1]];
}

function padding(call: Call): Padding {
  const rule = call.config.padding ?? 'valid';
  return rule === 'same' || rule === 'valid' ? rule : fail(call, `padding ${rule}`);
}

function onlyChannelsLast(call: Call): void {
  const format = call.config.data_format ?? 'channels_last';
  if (format !== 'channels_last') fail(call, `${format}`);
}

function activate(call: Call, feature: Feature): Output {
  const name = call.config.activation ?? 'linear';
  const { builder } = call;
  if (name === 'linear') return { feature, softmax: false };
  if (name === 'softmax') return softmax(call, feature);
  if (name === 'swish' || name === 'silu') {
    const gate = builder.add({ kind: 'activation', activation: 'sigmoid' }, [feature]);
    return { feature: builder.add({ kind: 'multiply' }, [feature, gate]), softmax: false };
  }
  const activation = NONLINEARITIES.find((one) => one === name);
  if (activation === undefined) return fail(call, `activation ${JSON.stringify(name)}`);
  return { feature: builder.add({ kind: 'activation', activation }, [feature]), softmax: false };
}

function softmax(call: Call, feature: Feature): Output {
  if (feature.shape.length !== 1) fail(call, 'softmax over pixels');
  return { feature, softmax: true };
}

function withBias(call: Call, product: Feature): Feature {
  if (call.config.use_bias === false) return product;
  return affine(call.builder, product, [1], needed(call, 'bias').values);
}

function window(call: Call) {
  onlyChannelsLast(call);
  return {
    strides: pair(call, 'strides', 1),
    dilations: pair(call, 'dilation_rate', 1),
    padding: padding(call),
  };
}

function kernel4d(call: Call, role: string): Constant {
  const kernel = needed(call, role);
  return kernel.shape.length === 4 ? kernel : fail(call, `a kernel of shape [${kernel.shape}]`);
}

const unitWindow = { strides: [1, 1], dilations: [1, 1], padding: 'valid' } as const;

type Build = (call: Call) => Feature | Output;

function pool(kind: 'max-pool' | 'average-pool'): Build {
  return (call) => {
    onlyChannelsLast(call);
    const size = pair(call, 'pool_size', 2);
    const strides = call.config.strides == null ? size : pair(call, 'strides', 2);
    return call.builder.add({ kind, size, strides, padding: padding(call) }, call.inputs);
  };
}

function simple(content: LayerContent): Build {
  return ({ builder, inputs }) => builder.add(content, inputs);
}

function globalPool(kind: 'global-max-pool' | 'global-average-pool'): Build {
  return (call) => {
    onlyChannelsLast(call);
    if (call.config.keepdims === true) fail(call, 'with keepdims');
    return call.builder.add({ kind }, call.inputs);
  };
}

const pass: Build = ({ inputs }) => inputs[0];

function batchNorm(call: Call): Feature {
  const [input] = call.inputs;
  const axis = call.config.axis ?? -1;
  const along = Array.isArray(axis) ? axis[0] : axis;
  if (along !== -1 && along !== input.shape.length) fail(call, `along the axis ${along}`);
  return batchNormalization(call.builder, input, {
    gamma: call.config.scale === false ? undefined : needed(call, 'gamma').values,
    beta: call.config.center === false ? undefined : needed(call, 'beta').values,
    mean: needed(call, 'moving_mean').values,
    variance: needed(call, 'moving_variance').values,
    epsilon: number(call.config.epsilon ?? 1e-3, 'epsilon'),
  });
}

function zeroPadding(call: Call): Feature {
  const given = call.config.padding ?? 1;
  const [rows, columns] = typeof given === 'number' ? [given, given] : list(given, 'padding');
  const both = (value: unknown): [number, number] => {
    const sizes = typeof value === 'number' ? [value, value] : numbers(value, 'padding');
    if (sizes.length !== 2 || !arePadding(sizes)) fail(call, `padding [${sizes}]`);
    return [sizes[0], sizes[1]];
  };
  onlyChannelsLast(call);
  return call.builder.add({ kind: 'pad', padding: [both(rows), both(columns)] }, call.inputs);
}

function reluLayer(call: Call): Feature {
  const { max_value: most, negative_slope: slope, threshold } = call.config;
  if ((slope ?? 0) !== 0 || (threshold ?? 0) !== 0) fail(call, 'with a slope or threshold');
  if (most != null && most !== 6) fail(call, `up to ${most}`);
  const activation = most === 6 ? 'relu6' : 'relu';
  return call.builder.add({ kind: 'activation', activation }, call.inputs);
}

function reshape(call: Call): Feature {
  const [input] = call.inputs;
  const target = numbers(call.config.target_shape, 'target_shape');
  const count = elementsOf(input.shape);
  if (`${target}` === `${input.shape}`) return input;
  if (target.length === 1 && (target[0] === count || target[0] === -1)) {
    return flatten(call.builder, input);
  }
  return fail(call, `from [${input.shape}] to [${target}]`);
}

function concatenate(call: Call): Feature {
  const rank = call.inputs[0].shape.length;
  const axis = call.config.axis ?? -1;
  if (axis !== -1 && axis !== rank) fail(call, `along the axis ${axis}`);
  return call.builder.add({ kind: 'concat' }, call.inputs);
}

const LAYERS: Readonly<Record<string, Build>> = {
  Conv2D: (call) => {
    const product = convolution(
      call.builder,
      call.inputs[0],
      kernel4d(call, 'kernel'),
      window(call),
    );
    return activate(call, withBias(call, product));
  },
  DepthwiseConv2D: (call) => {
    const role = weight(call, 'depthwise_kernel') ? 'depthwise_kernel' : 'kernel';
    const kernel = kernel4d(call, role);
    const product = depthwiseConvolution(call.builder, call.inputs[0], kernel, window(call));
    return activate(call, withBias(call, product));
  },
  SeparableConv2D: (call) => {
    const { builder } = call;
    const depthwise = kernel4d(call, 'depthwise_kernel');
    const pointwise = kernel4d(call, 'pointwise_kernel');
    const spatial = depthwiseConvolution(builder, call.inputs[0], depthwise, window(call));
    return activate(call, withBias(call, convolution(builder, spatial, pointwise, unitWindow)));
  },
  Dense: (call) => {
    const kernel = needed(call, 'kernel');
    const [input] = call.inputs;
    if (kernel.shape.length !== 2 || input.shape.length !== 1) fail(call, `of [${input.shape}]`);
    return activate(call, withBias(call, dense(call.builder, input, kernel)));
  },
  BatchNormalization: batchNorm,
  Rescaling: ({ builder, inputs, config }) =>
    affine(
      builder,
      inputs[0],
      [number(config.scale, 'scale')],
      [number(config.offset ?? 0, 'offset')],
    ),

  Activation: (call) => activate(call, call.inputs[0]),
  ReLU: reluLayer,
  LeakyReLU: (call) => {
    const slope = call.config.negative_slope ?? call.config.alpha ?? 0.3;
    const content = { kind: 'leaky-relu', slope: number(slope, 'slope') } as const;
    return call.builder.add(content, call.inputs);
  },
  ELU: (call) => {
    if ((call.config.alpha ?? 1) !== 1) fail(call, 'with alpha');
    return call.builder.add({ kind: 'activation', activation: 'elu' }, call.inputs);
  },
  Softmax: (call) => softmax(call, call.inputs[0]),

  MaxPooling2D: pool('max-pool'),
  AveragePooling2D: pool('average-pool'),
  GlobalMaxPooling2D: globalPool('global-max-pool'),
  GlobalAveragePooling2D: globalPool('global-average-pool'),
  ZeroPadding2D: zeroPadding,
  Flatten: ({ builder, inputs }) => flatten(builder, inputs[0]),
  Reshape: reshape,

  Add: simple({ kind: 'add' }),
  Multiply: simple({ kind: 'multiply' }),
  Concatenate: concatenate,

  Dropout: pass,
  SpatialDropout2D: pass,
  GaussianNoise: pass,
  GaussianDropout: pass,
  ActivityRegularization: pass,
};

const MODELS = new Set(['Sequential', 'Functional', 'Model']);

function runLayer(entry: JsonObject, inputs: readonly Output[], context: Context): Output {
  const type = text(entry.class_name, 'class_name');
  const config = object(entry.config, 'config');
  const name = text(config.name ?? entry.name, 'the name of a layer');
  if (MODELS.has(type)) return runModel(entry, inputs, context);
  if (inputs.some(({ softmax }) => softmax) && LAYERS[type] !== pass) {
    throw unsupported(type, name, 'it follows a softmax');
  }
  const build = Object.hasOwn(LAYERS, type) ? LAYERS[type] : undefined;
  if (build === undefined) throw unsupported(type, name);
  if (inputs.length === 0) throw damaged(`the layer "${name}" has no input`);
  const call = {
    ...context,
    operator: type,
    node: name,
    config,
    inputs: inputs.map(({ feature }) => feature),
  };
  const result = build(call);
  return 'feature' in result ? result : { feature: result, softmax: inputs[0].softmax };
}

/** The names of the layers that feed a node, in Keras 2's form or Keras 3's. */
function inboundNames(node: unknown): string[] {
  if (Array.isArray(node))
    return node.map((one) => text(list(one, 'an inbound node')[0], 'a name'));
  const found: string[] = [];
  const pending: unknown[] = [object(node, 'an inbound node').args];
  while (pending.length > 0) {
    const value = pending.shift();
    if (Array.isArray(value)) pending.unshift(...value);
    else if (typeof value === 'object' && value !== null) {
      const { keras_history: history } = object(object(value, 'a tensor').config, 'a tensor');
      found.push(text(list(history, 'keras_history')[0], 'a name'));
    }
  }
  return found;
}

function runFunctional(config: JsonObject, inputs: readonly Output[], context: Context): Output {
  const outputs = new Map<string, Output>();
  const layers = list(config.layers, 'layers').map((layer) => object(layer, 'a layer'));
  const entries = list(config.input_layers, 'input_layers').flat();
  const [inputName] = entries;
  outputs.set(text(inputName, 'the input layer'), inputs[0]);
  const byName = new Map(layers.map((layer) => [text(layer.name, 'the name of a layer'), layer]));
  for (const [name, layer] of byName) {
    const nodes = list(layer.inbound_nodes ?? [], 'inbound_nodes');
    if (layer.class_name === 'InputLayer') continue;
    if (nodes.length !== 1) {
      throw unsupported(text(layer.class_name, 'class_name'), name, 'it is used more than once');
    }
    const sources = inboundNames(nodes[0]).map((source) => {
      const output = outputs.get(source);
      if (output === undefined) throw damaged(`"${name}" reads "${source}" too early`);
      return output;
    });
    outputs.set(name, runLayer(layer, sources, context));
  }
  const [last] = list(config.output_layers, 'output_layers').flat();
  const output = outputs.get(text(last, 'the output layer'));
  if (output === undefined) throw damaged(`the output layer "${last}" does not exist`);
  return output;
}

function runModel(model: JsonObject, inputs: readonly Output[], context: Context): Output {
  if (model.class_name !== 'Sequential') {
    return runFunctional(object(model.config, 'config'), inputs, context);
  }
  return sequentialLayers(model)
    .filter(({ class_name: type }) => type !== 'InputLayer')
    .reduce<Output>((input, layer) => runLayer(layer, [input], context), inputs[0]);
}

/** Old versions keep a sequential model's layers directly under `config`. */
function sequentialLayers(model: JsonObject): JsonObject[] {
  const { config } = model;
  const layers = Array.isArray(config) ? config : list(object(config, 'config').layers, 'layers');
  return layers.map((layer) => object(layer, 'a layer'));
}

/** The sizes of the model's input, from the first layer that says them. */
function inputSizes(model: JsonObject): number[] {
  const layers =
    model.class_name === 'Sequential'
      ? sequentialLayers(model)
      : list(object(model.config, 'config').layers, 'layers').map((one) => object(one, 'a layer'));
  for (const layer of layers) {
    const config = object(layer.config, 'config');
    if (MODELS.has(`${layer.class_name}`)) return inputSizes(layer);
    const shape = config.batch_input_shape ?? config.batch_shape ?? config.batchInputShape;
    if (shape !== undefined) {
      return list(shape, 'the input shape')
        .slice(1)
        .map((size) => (typeof size === 'number' ? size : -1));
    }
  }
  return [];
}

/**
 * Makes a network of a Keras description and its weights.
 * @throws ImportError when it is no image classifier that this program can run
 */
export function importKerasLayers(
  model: JsonObject,
  weights: ReadonlyMap<string, Constant>,
  options: ImportOptions,
): BuiltNetwork {
  if (!MODELS.has(`${model.class_name}`)) {
    throw new ImportError(
      'unsupported-model',
      `a model of the class ${JSON.stringify(model.class_name)} is not supported`,
      'build it as a Sequential or functional model, or export a SavedModel',
    );
  }
  const sizes = inputSizes(model);
  const { builder, input } = startNetwork(imageShapeOf(sizes, options.imageShape), options);
  const vector = sizes.length === 1 ? flatten(builder, input) : input;
  const output = runModel(model, [{ feature: vector, softmax: false }], { builder, weights });
  return builder.finish('imported', output.feature);
}

/** Keras layers, and the operators that Keras makes layers of, as layers of this program. */

import { type Constant, constant, elementsOf, transpose } from './constants.ts';
import { type JsonObject, list, number, numbers, object } from './json.ts';
import {
  activationNamed,
  clippedRelu,
  elu,
  leaky,
  parametricRelu,
  relu,
} from './keras-activations.ts';
import {
  type Build,
  checkFormat,
  inOrder,
  type KerasCall,
  type Output,
  outputOf,
} from './keras-call.ts';
import { entryOf, paddingRule, pair } from './keras-config.ts';
import { arithmetic, average, concatenate, merge } from './keras-joins.ts';
import { batchNorm, normalization, rescaling } from './keras-normalizations.ts';
import { affine, convolution, dense, depthwiseConvolution, flatten } from './layers.ts';
import type { Feature } from './network-builder.ts';
import { arePadding, fail } from './operators.ts';

/** A layer as an activation. */
function activateByLayer(call: KerasCall, layer: JsonObject, feature: Feature): Output {
  const { className: operator, config } = entryOf(layer);
  const inside = { ...call, operator, config, inputs: [feature], given: [{ feature }] };
  return outputOf(layerNamed(inside)(inside));
}

function activate(call: KerasCall, feature: Feature): Output {
  const value = call.config.activation ?? 'linear';
  const written = typeof value === 'object' ? object(value, 'an activation') : undefined;
  // Keras 3 may write a function as an object too.
  const isLayer = written !== undefined && written.class_name !== 'function';
  if (isLayer) return activateByLayer(call, written, feature);
  const name = written === undefined ? value : written.config;
  if (name === 'softmax' || name === 'log_softmax') return softmax(call, feature);
  const run = activationNamed(`${name}`, call.version);
  if (run === undefined) return fail(call, `activation ${JSON.stringify(name)}`);
  return { feature: run(call.builder, feature) };
}

function softmax(call: KerasCall, feature: Feature): Output {
  if (feature.shape.length !== 1) fail(call, 'softmax over pixels');
  return { feature, softmax: true };
}

const hasBias = ({ config }: KerasCall) => config.use_bias !== false;

/** The bias, where the layer has one, and the activation. */
function finish(call: KerasCall, product: Feature, bias: Constant | undefined): Output {
  return activate(call, bias ? affine(call.builder, product, [1], bias.values) : product);
}

function window(call: KerasCall) {
  checkFormat(call);
  return {
    strides: pair(call, 'strides', 1),
    dilations: pair(call, 'dilation_rate', 1),
    padding: paddingRule(call),
  };
}

/** A kernel as `[height, width, in, out]`. */
function kernel4d(call: KerasCall, stored: Constant): Constant {
  if (stored.shape.length !== 4) fail(call, `a kernel of shape [${stored.shape}]`);
  const isOld = call.version < 2 && call.channelsFirst;
  const kernel = isOld ? transpose(stored, [2, 3, 1, 0]) : stored;
  if (!call.turned) return kernel;
  const [height, width, ...others] = kernel.shape;
  const size = elementsOf(others);
  const values = kernel.values.map((_, i, all) => {
    const pixel = height * width - 1 - Math.floor(i / size);
    return all[pixel * size + (i % size)];
  });
  return constant(kernel.shape, values);
}

const unitWindow = { strides: [1, 1], dilations: [1, 1], padding: 'valid' } as const;

function conv2d(call: KerasCall): Output {
  const { builder, inputs, config } = call;
  if ((config.groups ?? 1) !== 1) fail(call, `in ${config.groups} groups`);
  const [kernel, bias] = call.weights('kernel', ...(hasBias(call) ? ['bias'] : []));
  return finish(call, convolution(builder, inputs[0], kernel4d(call, kernel), window(call)), bias);
}

function depthwiseConv2d(call: KerasCall): Output {
  const { builder, inputs } = call;
  const [kernel, bias] = call.weights('depthwise_kernel', ...(hasBias(call) ? ['bias'] : []));
  const product = depthwiseConvolution(builder, inputs[0], kernel4d(call, kernel), window(call));
  return finish(call, product, bias);
}

function separableConv2d(call: KerasCall): Output {
  const { builder, inputs } = call;
  const [depthwise, pointwise, bias] = call.weights(
    'depthwise_kernel',
    'pointwise_kernel',
    ...(hasBias(call) ? ['bias'] : []),
  );
  const spatial = kernel4d(call, depthwise);
  const middle = depthwiseConvolution(builder, inputs[0], spatial, window(call));
  const product = convolution(builder, middle, kernel4d(call, pointwise), unitWindow);
  return finish(call, product, bias);
}

function denseLayer(call: KerasCall): Output {
  const [input] = call.inputs;
  const [kernel, bias] = call.weights('kernel', ...(hasBias(call) ? ['bias'] : []));
  if (kernel.shape.length !== 2 || input.shape.length !== 1) fail(call, `of [${input.shape}]`);
  return finish(call, dense(call.builder, input, inOrder(call, kernel)), bias);
}

function pool(kind: 'max-pool' | 'average-pool'): Build {
  return (call) => {
    checkFormat(call);
    const size = pair(call, 'pool_size', 2);
    const strides = call.config.strides == null ? size : pair(call, 'strides', 2);
    return call.builder.add({ kind, size, strides, padding: paddingRule(call) }, call.inputs);
  };
}

function globalPool(kind: 'global-max-pool' | 'global-average-pool'): Build {
  return (call) => {
    checkFormat(call);
    if (call.config.keepdims === true) fail(call, 'with keepdims');
    return call.builder.add({ kind }, call.inputs);
  };
}

function zeroPadding(call: KerasCall): Feature {
  const given = call.config.padding ?? 1;
  const [rows, columns] = typeof given === 'number' ? [given, given] : list(given, 'padding');
  const both = (value: unknown): [number, number] => {
    const sizes = typeof value === 'number' ? [value, value] : numbers(value, 'padding');
    if (sizes.length !== 2 || !arePadding(sizes)) fail(call, `padding [${sizes}]`);
    return [sizes[0], sizes[1]];
  };
  checkFormat(call);
  return call.builder.add({ kind: 'pad', padding: [both(rows), both(columns)] }, call.inputs);
}

function reluLayer(call: KerasCall): Feature {
  const { max_value: most, negative_slope: slope, threshold } = call.config;
  const { builder, inputs } = call;
  if ((threshold ?? 0) !== 0) fail(call, 'with a threshold');
  if (most == null) {
    return slope ? leaky(number(slope, 'slope'))(builder, inputs[0]) : relu(builder, inputs[0]);
  }
  if ((slope ?? 0) !== 0 || !(number(most, 'max_value') > 0)) fail(call, `up to ${most}`);
  return clippedRelu(number(most, 'max_value'))(builder, inputs[0]);
}

function prelu(call: KerasCall): Feature {
  const [input] = call.inputs;
  const [stored] = call.weights('alpha');
  const slopes = inOrder(call, stored).values;
  const channels = input.shape[input.shape.length - 1];
  if (slopes.length !== 1 && slopes.length !== channels) fail(call, 'with a slope for each pixel');
  return parametricRelu(slopes)(call.builder, input);
}

function flattenLayer(call: KerasCall): Output {
  const [image] = call.inputs;
  if (image.shape.length === 1) return call.given[0];
  // With `channels_first`, Keras puts the channels last before it flattens.
  const isMoved = call.config.data_format === 'channels_first';
  const byChannel = call.channelsFirst && !isMoved && image.shape[2] > 1;
  return { feature: flatten(call.builder, image), image, byChannel };
}

function reshape(call: KerasCall): Output {
  const [input] = call.inputs;
  const target = numbers(call.config.target_shape, 'target_shape');
  const count = elementsOf(input.shape);
  const known = target.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const sizes = target.map((size) => (size === -1 ? count / known : size));
  if (sizes.length === 1 && sizes[0] === count) return flattenLayer(call);
  const { image = input, byChannel } = call.given[0];
  const [height, width, channels] = image.shape;
  const same = call.channelsFirst ? [channels, height, width] : [height, width, channels];
  const isFlat = channels === 1 && `${sizes}` === `${[height, width]}`;
  if (!byChannel && (isFlat || `${sizes}` === `${same}`)) return { feature: image };
  return fail(call, `from [${input.shape}] to [${target}]`);
}

const pass: Build = ({ given }) => given[0];

/** Functions of TensorFlow that Keras 2 makes layers of. */
const FUNCTIONS: Readonly<Record<string, Build>> = {
  'math.truediv': arithmetic('divide'),
  'math.divide': arithmetic('divide'),
  'math.multiply': arithmetic('multiply'),
  'math.add': arithmetic('add'),
  '__operators__.add': arithmetic('add'),
  'math.subtract': arithmetic('subtract'),
  'nn.relu': ({ builder, inputs: [x] }) => relu(builder, x),
  'nn.relu6': ({ builder, inputs: [x] }) => clippedRelu(6)(builder, x),
  'nn.softmax': (call) => softmax(call, call.inputs[0]),
  cast: pass,
};

/** Layers that change each value by itself, or nothing at all. */
const ELEMENTWISE: Readonly<Record<string, Build>> = {
  BatchNormalization: batchNorm,
  Activation: (call) => activate(call, call.inputs[0]),
  ReLU: reluLayer,
  LeakyReLU: ({ builder, inputs, config }) =>
    leaky(number(config.negative_slope ?? config.alpha ?? 0.3, 'slope'))(builder, inputs[0]),
  PReLU: prelu,
  ELU: ({ builder, inputs, config }) => elu(number(config.alpha ?? 1, 'alpha'))(builder, inputs[0]),
  Softmax: (call) => softmax(call, call.inputs[0]),
  Rescaling: rescaling,
};

/** Layers that do nothing at inference. */
const PASSED = [
  'Dropout',
  'SpatialDropout2D',
  'AlphaDropout',
  'GaussianNoise',
  'GaussianDropout',
  'ActivityRegularization',
  'RandomFlip',
  'RandomRotation',
  'RandomZoom',
  'RandomTranslation',
  'RandomContrast',
  'RandomBrightness',
];

const LAYERS: Readonly<Record<string, Build>> = {
  Conv2D: conv2d,
  DepthwiseConv2D: depthwiseConv2d,
  SeparableConv2D: separableConv2d,
  Dense: denseLayer,
  Normalization: normalization,

  MaxPooling2D: pool('max-pool'),
  AveragePooling2D: pool('average-pool'),
  GlobalMaxPooling2D: globalPool('global-max-pool'),
  GlobalAveragePooling2D: globalPool('global-average-pool'),
  ZeroPadding2D: zeroPadding,
  Flatten: flattenLayer,
  Reshape: reshape,

  Add: arithmetic('add'),
  Subtract: arithmetic('subtract'),
  Multiply: arithmetic('multiply'),
  TrueDivide: arithmetic('divide'),
  Divide: arithmetic('divide'),
  Average: average,
  Concatenate: concatenate,
  Merge: merge,
};

function layerNamed(call: Pick<KerasCall, 'operator' | 'node' | 'config'>): Build {
  const { operator, config } = call;
  if (PASSED.includes(operator)) return pass;
  const name = `${config.function}`;
  if (operator === 'TFOpLambda' && Object.hasOwn(FUNCTIONS, name)) return FUNCTIONS[name];
  for (const table of [LAYERS, ELEMENTWISE]) {
    if (Object.hasOwn(table, operator)) return table[operator];
  }
  return fail(call, operator === 'TFOpLambda' ? name : '');
}

/**
 * Adds a layer to the network.
 * @throws ImportError when there is no counterpart of it
 */
export function buildKerasLayer(call: KerasCall): Output {
  const build = layerNamed(call);
  const [{ softmax: isProbability = false, image, byChannel = false }] = call.given;
  if (call.given.some((one) => one.softmax) && build !== pass) fail(call, 'it follows a softmax');
  const keepsOrder = build === pass || Object.hasOwn(ELEMENTWISE, call.operator);
  const readsOrder = [denseLayer, flattenLayer, reshape].includes(build as never);
  if (call.given.some((one) => one.byChannel) && !keepsOrder && !readsOrder) {
    fail(call, 'of an image that was flattened channel by channel');
  }
  const output = { softmax: isProbability, ...outputOf(build(call)) };
  return keepsOrder ? { ...output, image, byChannel } : output;
}

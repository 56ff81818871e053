/** A network in Keras' words: what the Keras and the TensorFlow.js export have in common. */
import { UserError } from '../../errors.ts';
import type { Weight } from '../model.ts';
import type { Layer, Network } from '../network.ts';
import { IMAGE, placeLayers } from '../shapes.ts';

/** One Keras layer. Names of configuration keys are those that Keras 2 and 3 share. */
export interface KerasLayer {
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly string[];
  /** Whether its inputs are passed as one list, as merging layers take them. */
  readonly merges: boolean;
  readonly inputShapes: readonly (readonly number[])[];
  /** In the order in which Keras stores them. */
  readonly weights: readonly KerasWeight[];
}

export interface KerasWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

type WeightsByName = ReadonlyMap<string, Weight>;

export function byName(weights: readonly Weight[]): WeightsByName {
  return new Map(weights.map((weight) => [weight.spec.name, weight]));
}

/** The same images come in under this name in every export. */
export const INPUT_NAME = IMAGE;

/** Which layers the format can say; the rest is refused by name. */
function cannotExport(layer: Layer, format: string, reason: string): UserError {
  return new UserError(
    'cannot-export',
    `the layer ${layer.name} (${layer.kind}) has no counterpart in ${format}: ${reason}`,
    { hint: 'export to --format onnx, or use the model folder itself: it is a SavedModel' },
  );
}

const MERGES = { add: 'Add', multiply: 'Multiply', concat: 'Concatenate' } as const;

/** Class name and configuration of one layer; explicit padding is a layer of its own before it. */
function describe(layer: Exclude<Layer, { kind: 'pad' }>): [string, Record<string, unknown>] {
  switch (layer.kind) {
    case 'conv2d':
    case 'depthwise-conv2d': {
      const config = {
        kernel_size: layer.kernel,
        strides: layer.strides,
        padding: typeof layer.padding === 'string' ? layer.padding : 'valid',
        data_format: 'channels_last',
        activation: layer.activation,
        use_bias: layer.bias,
      };
      return layer.kind === 'conv2d'
        ? ['Conv2D', { filters: layer.filters, dilation_rate: layer.dilations, ...config }]
        : ['DepthwiseConv2D', { depth_multiplier: layer.multiplier, ...config }];
    }
    case 'dense':
      return ['Dense', { units: layer.units, activation: layer.activation, use_bias: layer.bias }];
    case 'max-pool':
    case 'average-pool': {
      if (typeof layer.padding !== 'string') {
        throw cannotExport(layer, 'Keras', 'a pool with explicit padding');
      }
      const className = layer.kind === 'max-pool' ? 'MaxPooling2D' : 'AveragePooling2D';
      const { size, strides, padding } = layer;
      return [className, { pool_size: size, strides, padding, data_format: 'channels_last' }];
    }
    case 'global-max-pool':
      return ['GlobalMaxPooling2D', { data_format: 'channels_last' }];
    case 'global-average-pool':
      return ['GlobalAveragePooling2D', { data_format: 'channels_last' }];
    case 'flatten':
      return ['Flatten', { data_format: 'channels_last' }];
    case 'dropout':
      return ['Dropout', { rate: layer.rate }];
    case 'affine':
      // With mean 0 and variance 1, batch normalization is gamma * x + beta.
      return ['BatchNormalization', { axis: -1, epsilon: 0, center: true, scale: true }];
    case 'activation':
      return ['Activation', { activation: layer.activation }];
    case 'leaky-relu':
      return ['LeakyReLU', { negative_slope: layer.slope, alpha: layer.slope }];
    case 'add':
    case 'multiply':
      return [MERGES[layer.kind], {}];
    case 'concat':
      return [MERGES.concat, { axis: -1 }];
  }
}

function layerWeights(layer: Layer, weights: WeightsByName): KerasWeight[] {
  const found = (role: string, name = role): KerasWeight[] => {
    const weight = weights.get(`${layer.name}/${role}`);
    return weight ? [{ name, shape: weight.spec.shape, values: weight.values }] : [];
  };
  if (layer.kind !== 'affine') {
    const kernel = layer.kind === 'depthwise-conv2d' ? 'depthwise_kernel' : 'kernel';
    return [...found('kernel', kernel), ...found('bias')];
  }
  const [gamma] = found('scale', 'gamma');
  const constant = (name: string, value: number) => ({
    name,
    shape: gamma.shape,
    values: new Float32Array(gamma.values.length).fill(value),
  });
  return [
    gamma,
    ...found('offset', 'beta'),
    constant('moving_mean', 0),
    constant('moving_variance', 1),
  ];
}

/**
 * The network as a list of Keras layers, the input layer not among them.
 * @throws UserError `cannot-export` when a layer has no counterpart
 */
export function kerasLayers(network: Network, weights: readonly Weight[]): KerasLayer[] {
  const values = byName(weights);
  return placeLayers(network).flatMap(({ layer, inputs, inputShapes }): KerasLayer[] => {
    const [input] = inputs;
    const padding =
      layer.kind === 'conv2d' || layer.kind === 'depthwise-conv2d' || layer.kind === 'pad'
        ? layer.padding
        : 'valid';
    const padName = layer.kind === 'pad' ? layer.name : `${layer.name}_pad`;
    const pad: KerasLayer | undefined =
      typeof padding === 'string'
        ? undefined
        : {
            className: 'ZeroPadding2D',
            name: padName,
            config: { padding, data_format: 'channels_last' },
            inputs: [input],
            merges: false,
            inputShapes,
            weights: [],
          };
    if (layer.kind === 'pad') return pad ? [pad] : [];
    const [className, config] = describe(layer);
    const own: KerasLayer = {
      className,
      name: layer.name,
      config,
      inputs: pad ? [padName] : inputs,
      merges: Object.hasOwn(MERGES, layer.kind),
      inputShapes: pad ? [padded(inputShapes[0], padding)] : inputShapes,
      weights: layerWeights(layer, values),
    };
    return pad ? [pad, own] : [own];
  });
}

function padded([height, width, channels]: readonly number[], padding: unknown): readonly number[] {
  const [[top, bottom], [left, right]] = padding as readonly (readonly [number, number])[];
  return [height + top + bottom, width + left + right, channels];
}

import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';
import { NONLINEARITIES, type Nonlinearity } from './nonlinearities.ts';
import { cannotExport } from './shared/cannot-export.ts';

/** A nonlinearity of its own; ReLU after a convolution or dense layer is that layer's activation. */
export interface ActivationLayer extends LayerBase {
  readonly kind: 'activation';
  readonly activation: Nonlinearity;
}

interface Operators {
  readonly forward: (x: tf.Tensor) => tf.Tensor;
  readonly savedModel: string;
  readonly onnx: string;
  /** Further inputs of the ONNX operator. */
  readonly bounds?: readonly number[];
  /** What Keras calls it, where it is not the nonlinearity's name; undefined: Keras lacks it. */
  readonly keras?: string | undefined;
}

const OPERATORS: Readonly<Record<Nonlinearity, Operators>> = {
  relu: { forward: tf.relu, savedModel: 'Relu', onnx: 'Relu' },
  relu6: { forward: tf.relu6, savedModel: 'Relu6', onnx: 'Clip', bounds: [0, 6] },
  elu: { forward: tf.elu, savedModel: 'Elu', onnx: 'Elu' },
  selu: { forward: tf.selu, savedModel: 'Selu', onnx: 'Selu' },
  sigmoid: { forward: tf.sigmoid, savedModel: 'Sigmoid', onnx: 'Sigmoid' },
  tanh: { forward: tf.tanh, savedModel: 'Tanh', onnx: 'Tanh' },
  softplus: { forward: tf.softplus, savedModel: 'Softplus', onnx: 'Softplus' },
  erf: { forward: tf.erf, savedModel: 'Erf', onnx: 'Erf', keras: undefined },
  exp: { forward: tf.exp, savedModel: 'Exp', onnx: 'Exp', keras: 'exponential' },
  sqrt: { forward: tf.sqrt, savedModel: 'Sqrt', onnx: 'Sqrt', keras: undefined },
  reciprocal: {
    forward: tf.reciprocal,
    savedModel: 'Reciprocal',
    onnx: 'Reciprocal',
    keras: undefined,
  },
  round: { forward: tf.round, savedModel: 'Round', onnx: 'Round', keras: undefined },
  floor: { forward: tf.floor, savedModel: 'Floor', onnx: 'Floor', keras: undefined },
  ceil: { forward: tf.ceil, savedModel: 'Ceil', onnx: 'Ceil', keras: undefined },
  sign: { forward: tf.sign, savedModel: 'Sign', onnx: 'Sign', keras: undefined },
};

/** The nonlinearities by the names of the operators that compute them without further inputs. */
export function nonlinearitiesBy(format: 'savedModel' | 'onnx'): ReadonlyMap<string, Nonlinearity> {
  const plain = NONLINEARITIES.filter((one) => format === 'savedModel' || !OPERATORS[one].bounds);
  return new Map(plain.map((one) => [OPERATORS[one][format], one]));
}

export const activation: LayerKind<ActivationLayer> = {
  kind: 'activation',
  stem: 'activation',
  fields: ({ nonlinearity }) => ({ activation: nonlinearity }),
  outputShape: (_, [input]) => input,
  forward: (layer, [input]) => OPERATORS[layer.activation].forward(input),
  toSavedModel(layer, inputs, { graph }) {
    const op = OPERATORS[layer.activation].savedModel;
    return graph.float(op, `${layer.name}/${op}`, inputs);
  },
  toOnnx({ name, activation: which }, [input], { graph }) {
    const { onnx, bounds = [] } = OPERATORS[which];
    const limits = bounds.map((bound) =>
      graph.constant(`${name}/bound_${bound}`, [], Float32Array.of(bound)),
    );
    return { ...input, name: graph.node(onnx, [input.name, ...limits], `${name}/output`) };
  },
  toKeras(layer) {
    const { keras: name } = { keras: layer.activation, ...OPERATORS[layer.activation] };
    if (name === undefined) throw cannotExport(layer, 'Keras', `the function ${layer.activation}`);
    return { className: 'Activation', config: { activation: name } };
  },
};

/** What convolutions and dense layers have in common: a kernel, and maybe a bias and a ReLU. */
import type { Weight, WeightRole, WeightSpec } from '../../weights.ts';
import type {
  Activation,
  KerasWeight,
  LayerBase,
  OnnxContext,
  SavedModelContext,
  Shape,
} from '../layer-kind.ts';

interface Linear extends LayerBase {
  readonly bias: boolean;
  readonly activation: Activation;
}

/** The kernel's specification, and the bias' where there is one. */
export function linearWeights(
  { name, bias }: Linear,
  kernel: { shape: Shape; units: number; fanIn: number; fanOut: number },
): WeightSpec[] {
  const { shape, units, fanIn, fanOut } = kernel;
  const spec = (role: WeightRole, sizes: Shape): WeightSpec => ({
    name: `${name}/${role}`,
    shape: sizes,
    layer: name,
    role,
    fanIn,
    fanOut,
  });
  return bias ? [spec('kernel', shape), spec('bias', [units])] : [spec('kernel', shape)];
}

/** Adds bias and ReLU to a product in a TensorFlow graph. */
export function finishSavedModel(
  { name, bias, activation }: Linear,
  product: string,
  { graph, variable }: SavedModelContext,
): string {
  const sum = bias
    ? graph.float('BiasAdd', `${name}/BiasAdd`, [product, variable('bias')])
    : product;
  return activation === 'relu' ? graph.float('Relu', `${name}/Relu`, [sum]) : sum;
}

/** The bias as an input of an ONNX node, where there is one. */
export function onnxBias({ bias }: Linear, { graph, weight }: OnnxContext): string[] {
  return bias ? [graph.weight(weight('bias'))] : [];
}

/** Adds a ReLU to an output in an ONNX graph. */
export function finishOnnx(
  { name, activation }: Linear,
  output: string,
  { graph }: OnnxContext,
): string {
  return activation === 'relu' ? graph.node('Relu', [output], `${name}/relu`) : output;
}

/** Kernel and bias under the names that Keras gives them. */
export function kerasWeights(
  { bias }: Linear,
  weight: (role: WeightRole) => Weight,
  kernelName = 'kernel',
): KerasWeight[] {
  const named = (name: string, { spec, values }: Weight) => ({ name, shape: spec.shape, values });
  const kernel = named(kernelName, weight('kernel'));
  return bias ? [kernel, named('bias', weight('bias'))] : [kernel];
}

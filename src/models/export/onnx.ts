import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { Weight } from '../model.ts';
import type { Network, Nonlinearity, Padding } from '../network.ts';
import {
  type AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from '../onnx/gen/onnx_pb.ts';
import { AttributeKind, OnnxType } from '../onnx/types.ts';
import { IMAGE, type PlacedLayer, placeLayers } from '../shapes.ts';

const OPSET = 17;
const IR_VERSION = 8;

type Attribute = MessageInitShape<typeof AttributeProtoSchema>;
type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
type TensorInit = MessageInitShape<typeof TensorProtoSchema>;

/** A tensor of the graph, and how its axes lie. Vectors are `last`. */
interface Value {
  readonly name: string;
  readonly channels: 'first' | 'last';
}

const NONLINEAR_OPS: Record<Nonlinearity, string> = {
  relu: 'Relu',
  relu6: 'Clip',
  elu: 'Elu',
  selu: 'Selu',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  softplus: 'Softplus',
};

/** `[top, left, bottom, right]`; TensorFlow's `same` puts the odd pixel at the end. */
function pads(
  padding: Padding,
  input: readonly number[],
  output: readonly number[],
  window: readonly number[],
  strides: readonly number[],
): number[] {
  if (padding === 'valid') return [0, 0, 0, 0];
  if (padding !== 'same') {
    const [[top, bottom], [left, right]] = padding;
    return [top, left, bottom, right];
  }
  const total = [0, 1].map((axis) =>
    Math.max(0, (output[axis] - 1) * strides[axis] + window[axis] - input[axis]),
  );
  const before = total.map((size) => Math.floor(size / 2));
  return [...before, total[0] - before[0], total[1] - before[1]];
}

class GraphWriter {
  readonly nodes: NodeInit[] = [];
  readonly initializers: TensorInit[] = [];
  readonly #weights: ReadonlyMap<string, Weight>;

  constructor(weights: readonly Weight[]) {
    this.#weights = new Map(weights.map((weight) => [weight.spec.name, weight]));
  }

  node(
    opType: string,
    inputs: readonly string[],
    output: string,
    ...attribute: Attribute[]
  ): string {
    this.nodes.push({ opType, name: output, input: [...inputs], output: [output], attribute });
    return output;
  }

  constant(name: string, shape: readonly number[], values: Float32Array): string {
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const dims = shape.map(BigInt);
    this.initializers.push({ name, dims, dataType: OnnxType.float, rawData });
    return name;
  }

  integers(name: string, values: readonly number[]): string {
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    const dims = [BigInt(values.length)];
    this.initializers.push({ name, dims, dataType: OnnxType.int64, rawData });
    return name;
  }

  weight(name: string): Weight {
    return this.#weights.get(name) as Weight;
  }

  channelsFirst({ name, channels }: Value): string {
    return channels === 'first' ? name : this.#turned(name, `${name}_nchw`, [0, 3, 1, 2]);
  }

  channelsLast({ name, channels }: Value): string {
    return channels === 'last' ? name : this.#turned(name, `${name}_nhwc`, [0, 2, 3, 1]);
  }

  /** Several layers may read the same turned image. */
  #turned(name: string, output: string, perm: readonly number[]): string {
    const made = this.nodes.some((node) => node.name === output);
    return made ? output : this.node('Transpose', [name], output, ints('perm', perm));
  }
}

function ints(name: string, values: readonly number[]): Attribute {
  return { name, ints: values.map(BigInt), type: AttributeKind.ints };
}

function int(name: string, value: number): Attribute {
  return { name, i: BigInt(value), type: AttributeKind.int };
}

function float(name: string, value: number): Attribute {
  return { name, f: value, type: AttributeKind.float };
}

/** Kernels go from `[height, width, in, out]` to `[out, in, height, width]`. */
function convolutionKernel({ spec, values }: Weight, depthwise: boolean): [number[], Float32Array] {
  const [height, width, input, output] = spec.shape;
  const area = height * width;
  const turned = new Float32Array(values.length);
  for (let pixel = 0; pixel < area; pixel++) {
    for (let i = 0; i < input; i++) {
      for (let o = 0; o < output; o++) {
        const filter = depthwise ? i * output + o : o * input + i;
        turned[filter * area + pixel] = values[(pixel * input + i) * output + o];
      }
    }
  }
  const shape = depthwise ? [input * output, 1, height, width] : [output, input, height, width];
  return [shape, turned];
}

function addLayer(graph: GraphWriter, placed: PlacedLayer, inputs: readonly Value[]): Value {
  const { layer, inputShapes, outputShape } = placed;
  const { name } = layer;
  const out = `${name}/output`;
  const [input] = inputs;
  const [shape] = inputShapes;
  const bias = () => {
    const { spec, values } = graph.weight(`${name}/bias`);
    return graph.constant(spec.name, spec.shape, values);
  };
  const activated = (value: string, activation: 'linear' | 'relu') =>
    activation === 'relu' ? graph.node('Relu', [value], `${name}/relu`) : value;
  switch (layer.kind) {
    case 'conv2d':
    case 'depthwise-conv2d': {
      const depthwise = layer.kind === 'depthwise-conv2d';
      const dilations = depthwise ? [1, 1] : layer.dilations;
      const kernel = graph.weight(`${name}/kernel`);
      const window = layer.kernel.map((size, axis) => (size - 1) * dilations[axis] + 1);
      const product = graph.node(
        'Conv',
        [
          graph.channelsFirst(input),
          graph.constant(`${name}/kernel`, ...convolutionKernel(kernel, depthwise)),
          ...(layer.bias ? [bias()] : []),
        ],
        out,
        ints('kernel_shape', layer.kernel),
        ints('strides', layer.strides),
        ints('dilations', dilations),
        ints('pads', pads(layer.padding, shape, outputShape, window, layer.strides)),
        int('group', depthwise ? shape[2] : 1),
      );
      return { name: activated(product, layer.activation), channels: 'first' };
    }
    case 'dense': {
      const { spec, values } = graph.weight(`${name}/kernel`);
      const kernel = graph.constant(spec.name, spec.shape, values);
      const product = layer.bias
        ? graph.node('Gemm', [input.name, kernel, bias()], out)
        : graph.node('MatMul', [input.name, kernel], out);
      return { name: activated(product, layer.activation), channels: 'last' };
    }
    case 'max-pool':
    case 'average-pool': {
      const { size, strides, padding } = layer;
      const op = layer.kind === 'max-pool' ? 'MaxPool' : 'AveragePool';
      const output = graph.node(
        op,
        [graph.channelsFirst(input)],
        out,
        ints('kernel_shape', size),
        ints('strides', strides),
        ints('pads', pads(padding, shape, outputShape, size, strides)),
      );
      return { name: output, channels: 'first' };
    }
    case 'global-max-pool':
    case 'global-average-pool': {
      const op = layer.kind === 'global-max-pool' ? 'GlobalMaxPool' : 'GlobalAveragePool';
      const pooled = graph.node(op, [graph.channelsFirst(input)], `${name}/pixels`);
      return { name: graph.node('Flatten', [pooled], out, int('axis', 1)), channels: 'last' };
    }
    case 'flatten': {
      // Its numbers keep the order of channels last, as the weights that follow expect.
      const flat = graph.node('Flatten', [graph.channelsLast(input)], out, int('axis', 1));
      return { name: flat, channels: 'last' };
    }
    case 'affine': {
      const perChannel = (role: string) => {
        const { spec, values } = graph.weight(`${name}/${role}`);
        const sizes = input.channels === 'first' ? [...spec.shape, 1, 1] : spec.shape;
        return graph.constant(spec.name, sizes, values);
      };
      const scaled = graph.node('Mul', [input.name, perChannel('scale')], `${name}/scaled`);
      return { ...input, name: graph.node('Add', [scaled, perChannel('offset')], out) };
    }
    case 'pad': {
      const [[top, bottom], [left, right]] = layer.padding;
      const sizes = graph.integers(`${name}/pads`, [0, 0, top, left, 0, 0, bottom, right]);
      const output = graph.node('Pad', [graph.channelsFirst(input), sizes], out);
      return { name: output, channels: 'first' };
    }
    case 'activation': {
      const op = NONLINEAR_OPS[layer.activation];
      const bounds =
        layer.activation === 'relu6'
          ? [0, 6].map((bound) =>
              graph.constant(`${name}/bound_${bound}`, [], Float32Array.of(bound)),
            )
          : [];
      return { ...input, name: graph.node(op, [input.name, ...bounds], out) };
    }
    case 'leaky-relu': {
      const output = graph.node('LeakyRelu', [input.name], out, float('alpha', layer.slope));
      return { ...input, name: output };
    }
    case 'add':
    case 'multiply':
    case 'concat': {
      const spatial = outputShape.length === 3;
      const names = spatial
        ? inputs.map((value) => graph.channelsFirst(value))
        : inputs.map((value) => value.name);
      const channels = spatial ? 'first' : 'last';
      if (layer.kind === 'concat') {
        return { name: graph.node('Concat', names, out, int('axis', 1)), channels };
      }
      const op = layer.kind === 'add' ? 'Add' : 'Mul';
      const output = names.slice(1).reduce((left, right, i) => {
        const last = i === names.length - 2;
        return graph.node(op, [left, right], last ? out : `${name}/partial_${i}`);
      }, names[0]);
      return { name: output, channels };
    }
    case 'dropout':
      return input;
  }
}

function floats(
  name: string,
  sizes: readonly number[],
): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = [
    { value: { case: 'dimParam' as const, value: 'N' } },
    ...sizes.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } })),
  ];
  const value = { elemType: OnnxType.float, shape: { dim } };
  return { name, type: { value: { case: 'tensorType', value } } };
}

/**
 * An ONNX model: input `image` `[N, height, width, channels]` in [0, 1], outputs `logits` and
 * `probabilities` (T = 1). Inside, images lie channels first, as ONNX wants them.
 */
export function exportOnnx(network: Network, weights: readonly Weight[]): Uint8Array {
  const graph = new GraphWriter(weights);
  const values = new Map<string, Value>([[IMAGE, { name: IMAGE, channels: 'last' }]]);
  let last = '';
  const placed = placeLayers(network);
  for (const one of placed) {
    const inputs = one.inputs.map((input) => values.get(input) as Value);
    const value = addLayer(graph, one, inputs);
    values.set(one.layer.name, value);
    last = value.name;
  }
  const logits = graph.node('Identity', [last], 'logits');
  const probabilities = graph.node('Softmax', [logits], 'probabilities', int('axis', 1));
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: 'distill',
    opsetImport: [{ domain: '', version: BigInt(OPSET) }],
    graph: {
      name: network.architecture,
      node: graph.nodes,
      initializer: graph.initializers,
      input: [floats(IMAGE, network.inputShape)],
      output: [floats(logits, [network.classes]), floats(probabilities, [network.classes])],
    },
  });
  return toBinary(ModelProtoSchema, model);
}

/** ONNX models, as PyTorch and others export them: the graph is run on symbols, like TensorFlow's. */
import { basename, dirname, join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { FormatError, readFileBytes } from '../../storage/index.ts';
import {
  type GraphProto,
  ModelProtoSchema,
  type TensorProto,
  type ValueInfoProto,
} from '../onnx/gen/onnx_pb.ts';
import { OnnxType } from '../onnx/types.ts';
import { type Constant, constant, elementsOf } from './constants.ts';
import { damaged, ImportError, unsupported } from './errors.ts';
import { type ImportOptions, imageShapeOf, onlyInput, startNetwork } from './image.ts';
import { flatten } from './layers.ts';
import type { BuiltNetwork } from './network-builder.ts';
import { ONNX_OPERATORS, OnnxAttributes, type OnnxValue, type OnnxView } from './onnx-operators.ts';
import { chooseOutput } from './output.ts';

const ELEMENT_BYTES = new Map<number, number>([
  [OnnxType.float, 4],
  [OnnxType.int32, 4],
  [OnnxType.int64, 8],
  [OnnxType.bool, 1],
  [OnnxType.double, 8],
]);

/** The bytes of a tensor that is stored in a file beside the model. */
function externalBytes(tensor: TensorProto, model: string, length: number): Uint8Array {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location') ?? '';
  if (location === '' || basename(location) !== location || location.startsWith('.')) {
    throw damaged(`the tensor "${tensor.name}" lies outside of the model's folder: ${location}`);
  }
  const offset = Number(entries.get('offset') ?? 0);
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw damaged(`the tensor "${tensor.name}" starts at ${offset}`);
  }
  return readFileBytes(join(dirname(model), location), { offset, length });
}

/** Decodes an initializer or constant of numbers. */
function decodeOnnxTensor(tensor: TensorProto, model: string): Constant {
  const shape = tensor.dims.map(Number);
  const width = ELEMENT_BYTES.get(tensor.dataType);
  if (width === undefined) {
    throw new ImportError(
      'unsupported-dtype',
      `the tensor "${tensor.name}" has the element type ${tensor.dataType}`,
      'export the model with float32 weights (not quantized, not float16)',
    );
  }
  const length = elementsOf(shape) * width;
  const raw = tensor.dataLocation === 1 ? externalBytes(tensor, model, length) : tensor.rawData;
  if (raw.length === 0) {
    switch (tensor.dataType) {
      case OnnxType.float:
        return constant(shape, Float32Array.from(tensor.floatData));
      case OnnxType.double:
        return constant(shape, Float64Array.from(tensor.doubleData));
      case OnnxType.int64:
        return constant(shape, tensor.int64Data.map(Number));
      default:
        return constant(shape, tensor.int32Data);
    }
  }
  if (raw.length !== length) {
    throw damaged(`the tensor "${tensor.name}" has ${raw.length} bytes, not ${length}`);
  }
  // A copy, because the bytes may be at any offset of the file.
  const { buffer } = new Uint8Array(raw);
  switch (tensor.dataType) {
    case OnnxType.float:
      return constant(shape, new Float32Array(buffer));
    case OnnxType.double:
      return constant(shape, new Float64Array(buffer));
    case OnnxType.int64:
      return constant(shape, Float64Array.from(new BigInt64Array(buffer), Number));
    case OnnxType.int32:
      return constant(shape, Float64Array.from(new Int32Array(buffer)));
    default:
      return constant(shape, Float64Array.from(raw));
  }
}

/** Sizes without the batch axis; -1 where they are not known. */
function sizesOf({ name, type }: ValueInfoProto): number[] {
  const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
  if (tensor?.shape === undefined) throw damaged(`the input "${name}" has no shape`);
  return tensor.shape.dim
    .slice(1)
    .map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : -1));
}

/** Images have few channels and many pixels; where both ends could be it, ONNX's order is meant. */
const isChannelCount = (size: number) => size >= 1 && size <= 4;

/** The nodes that lead to an output, in order. */
function neededNodes(graph: GraphProto, output: string): GraphProto['node'] {
  const needed = new Set([output]);
  const nodes = graph.node.toReversed().filter((node) => {
    if (!node.output.some((name) => needed.has(name))) return false;
    for (const input of node.input) needed.add(input);
    return true;
  });
  return nodes.reverse();
}

/**
 * Reads an ONNX file as a network.
 * @throws FormatError when the file cannot be decoded
 * @throws ImportError when it is no image classifier that this program can run
 */
export function importOnnx(file: string, options: ImportOptions): BuiltNetwork {
  let graph: GraphProto | undefined;
  const bytes = readFileBytes(file);
  try {
    ({ graph } = fromBinary(ModelProtoSchema, bytes));
  } catch (cause) {
    throw new FormatError(file, 'cannot be decoded as an ONNX model', { cause });
  }
  if (graph === undefined) throw new FormatError(file, 'holds no ONNX graph');

  const values = new Map<string, OnnxValue>();
  for (const tensor of graph.initializer) values.set(tensor.name, decodeOnnxTensor(tensor, file));
  const inputs = graph.input.filter(({ name }) => !values.has(name));
  onlyInput(inputs.map(({ name }) => name));
  const sizes = sizesOf(inputs[0]);
  const channelsLast = sizes.length === 3 && !isChannelCount(sizes[0]) && isChannelCount(sizes[2]);
  const channelsFirst = sizes.length === 3 && !channelsLast;
  const ordered = channelsFirst ? [sizes[1], sizes[2], sizes[0]] : sizes;
  const { builder, input } = startNetwork(imageShapeOf(ordered, options.imageShape), options);
  const image: OnnxView = channelsFirst
    ? { kind: 'view', feature: input, layout: 'nchw' }
    : sizes.length === 1
      ? { kind: 'view', feature: flatten(builder, input), layout: 'flat' }
      : { kind: 'view', feature: input, layout: 'nhwc' };
  values.set(inputs[0].name, image);

  const names = graph.output.map(({ name }) => name);
  const output = chooseOutput(names, options.output);
  for (const node of neededNodes(graph, output)) {
    const name = node.name || node.output[0] || node.opType;
    const known = Object.hasOwn(ONNX_OPERATORS, node.opType) && /^(ai\.onnx)?$/.test(node.domain);
    if (!known) throw unsupported(node.opType, name);
    const inputs = node.input.map((input) => {
      const value = values.get(input);
      if (value === undefined && input !== '')
        throw damaged(`"${name}" reads "${input}" too early`);
      return value;
    });
    const attributes = new OnnxAttributes(node, (tensor) => decodeOnnxTensor(tensor, file));
    const call = { operator: node.opType, node: name, attributes, inputs, builder };
    const [result] = node.output;
    if (result !== undefined) values.set(result, ONNX_OPERATORS[node.opType](call));
  }
  const result = values.get(output);
  const logits = result?.kind === 'probabilities' ? result.logits : result;
  if (logits?.kind !== 'view') throw damaged('the output does not depend on the image');
  return builder.finish('imported', logits.feature);
}

/** ONNX models, as PyTorch and others export them: the graph is run on symbols, like TensorFlow's. */
import { decodeProtobuf, FormatError, readFileBytes } from '../../storage/index.ts';
import {
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
} from '../onnx/gen/onnx_pb.ts';
import { Budget } from './budget.ts';
import { damaged, unsupported } from './errors.ts';
import { type ImportOptions, imageShapeOf, onlyInput, startNetwork } from './image.ts';
import type { BuiltNetwork, NetworkBuilder } from './network-builder.ts';
import { OnnxAttributes } from './onnx-attributes.ts';
import type { OnnxValue } from './onnx-call.ts';
import { ONNX_OPERATORS } from './onnx-operators.ts';
import { OnnxTensors } from './onnx-tensors.ts';
import { chooseOutput, logitsOf } from './output.ts';
import { ANY_BATCH, reshapeView, transposeView, type View, viewOf } from './view.ts';

/** The sizes of the input, the batch first; -1 where they are not known. */
function sizesOf({ name, type }: ValueInfoProto): number[] {
  const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
  if (tensor?.shape === undefined) throw damaged(`the input "${name}" has no shape`);
  return tensor.shape.dim.map(({ value }) =>
    value.case === 'dimValue' && value.value > 0n ? Number(value.value) : -1,
  );
}

const LAYOUT_FREE = new Set(['Identity', 'Cast', 'Sub', 'Add', 'Mul', 'Div', 'Clip', 'Neg']);
const CHANNELS_FIRST = /^(Conv|MaxPool|AveragePool|BatchNormalization|Global\w+|Pad|PRelu)$/;

interface OnnxFile {
  readonly graph: GraphProto;
  readonly producerName: string;
}

/** As exports of this program call themselves; their channels are last. */
const OWN_PRODUCER = 'distill';

/** Where the channels are, as the operators say that read the image; undefined: none says it. */
function layoutByUse({ node }: GraphProto, input: string): 'first' | 'last' | undefined {
  const readers = new Map<string, NodeProto[]>();
  for (const one of node) {
    for (const name of one.input) readers.set(name, [...(readers.get(name) ?? []), one]);
  }
  const seen = new Set([input]);
  // A set can be extended while it is walked.
  for (const name of seen) {
    for (const reader of readers.get(name) ?? []) {
      if (CHANNELS_FIRST.test(reader.opType)) return 'first';
      const perm = reader.attribute.find((one) => one.name === 'perm')?.ints.join();
      if (reader.opType === 'Transpose' && perm === '0,3,1,2') return 'last';
      if (LAYOUT_FREE.has(reader.opType)) for (const output of reader.output) seen.add(output);
    }
  }
  return undefined;
}

/** Sizes that channels have; where no operator tells, the end that has one holds the channels. */
const isChannelCount = (size: number) => size === 1 || size === 3;

function isChannelsFirst(
  { graph, producerName }: OnnxFile,
  input: string,
  sizes: readonly number[],
): boolean {
  if (producerName === OWN_PRODUCER) return false;
  const use = layoutByUse(graph, input);
  if (use !== undefined) return use === 'first';
  return isChannelCount(sizes[0]) || !isChannelCount(sizes[2]);
}

/** The image under the axes that the model's input has. */
function imageView(
  model: OnnxFile,
  info: ValueInfoProto,
  options: ImportOptions,
): { builder: NetworkBuilder; image: View } {
  const [batch, ...sizes] = sizesOf(info);
  const first = sizes.length === 3 && isChannelsFirst(model, info.name, sizes);
  const ordered = first ? [sizes[1], sizes[2], sizes[0]] : sizes;
  const { builder, input } = startNetwork(imageShapeOf(ordered, options.imageShape), options);
  const view = viewOf(input, batch === -1 ? ANY_BATCH : batch);
  if (first) return { builder, image: transposeView(view, [0, 3, 1, 2]) ?? view };
  const known = sizes.every((size) => size > 0);
  const seen = known ? reshapeView(builder, view, [view.axes[0][0].size, ...sizes]) : view;
  return { builder, image: seen ?? view };
}

/** Each value's node. */
function producersOf(graph: GraphProto): ReadonlyMap<string, NodeProto> {
  const producers = new Map<string, NodeProto>();
  for (const node of graph.node) {
    for (const output of node.output.filter((name) => name !== '')) {
      if (producers.has(output)) throw damaged(`two nodes of the graph make "${output}"`);
      producers.set(output, node);
    }
  }
  return producers;
}

const nameOf = (node: NodeProto) => node.name || node.output[0] || node.opType;

/** The values found so far; `fetch` adds a stored one, and says whether there is one. */
interface Values {
  readonly values: Map<string, OnnxValue>;
  readonly fetch: (name: string) => boolean;
}

/**
 * Runs the nodes that lead to the output, each after those it reads, in whatever order they are
 * listed.
 */
function run(
  graph: GraphProto,
  output: string,
  { values, fetch }: Values,
  evaluate: (node: NodeProto) => void,
): void {
  const producers = producersOf(graph);
  const entered = new Set<NodeProto>();
  const pending = [output];
  for (let name = pending.at(-1); name !== undefined; name = pending.at(-1)) {
    const node = producers.get(name);
    if (values.has(name) || fetch(name)) {
      pending.pop();
      continue;
    }
    if (node === undefined) throw damaged(`the graph has no value "${name}"`);
    const missing = node.input.filter((input) => input !== '' && !values.has(input));
    if (missing.length > 0) {
      if (entered.has(node)) throw damaged(`the graph has a cycle at "${nameOf(node)}"`);
      entered.add(node);
      for (const input of missing) pending.push(input);
      continue;
    }
    pending.pop();
    evaluate(node);
    if (!values.has(name)) {
      throw unsupported(node.opType, nameOf(node), `its output "${name}" is read`);
    }
  }
}

/**
 * Reads an ONNX file as a network.
 * @throws FormatError when the file cannot be decoded
 * @throws ImportError when it is no image classifier that this program can run
 */
export function importOnnx(file: string, options: ImportOptions): BuiltNetwork {
  const bytes = readFileBytes(file);
  const model = decodeProtobuf(ModelProtoSchema, file, bytes, 'an ONNX model');
  const { graph, opsetImport, producerName } = model;
  if (graph === undefined) throw new FormatError(file, 'holds no ONNX graph');
  const opset = Number(
    opsetImport.find(({ domain }) => /^(ai\.onnx)?$/.test(domain))?.version ?? 1,
  );

  const stored = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const inputs = graph.input.filter(({ name }) => !stored.has(name));
  const input = onlyInput(inputs.map(({ name }) => name));
  const { builder, image } = imageView({ graph, producerName }, inputs[0], options);
  const values = new Map<string, OnnxValue>([[input, image]]);
  const names = graph.output.map(({ name }) => name);
  const output = chooseOutput(names, options.output);
  const budget = new Budget(bytes.length);
  const tensors = new OnnxTensors(file, budget);
  const fetch = (name: string): boolean => {
    const tensor = stored.get(name);
    if (tensor === undefined) return false;
    values.set(name, tensors.decode(tensor));
    return true;
  };

  run(graph, output, { values, fetch }, (node) => {
    const name = nameOf(node);
    const known = Object.hasOwn(ONNX_OPERATORS, node.opType) && /^(ai\.onnx)?$/.test(node.domain);
    if (!known) throw unsupported(node.opType, name);
    const result = ONNX_OPERATORS[node.opType]({
      operator: node.opType,
      node: name,
      attributes: new OnnxAttributes(node, (tensor) => tensors.decode(tensor)),
      opset,
      outputs: node.output.length,
      inputs: node.input.map((one) => values.get(one)),
      builder,
    });
    const results = 'kind' in result ? [result] : result;
    node.output.forEach((one, i) => {
      const value = results[i];
      if (value?.kind === 'constant') budget.spend(value.values.length);
      if (one !== '' && value !== undefined) values.set(one, value);
    });
  });
  return builder.finish('imported', logitsOf(builder, values.get(output)));
}

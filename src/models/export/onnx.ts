import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { kindOf } from '../layers/registry.ts';
import type { Network } from '../network.ts';
import { ModelProtoSchema, type ValueInfoProtoSchema } from '../onnx/gen/onnx_pb.ts';
import { OnnxType } from '../onnx/types.ts';
import { IMAGE, inferShapes, walkLayers } from '../shapes.ts';
import { type Weight, weightLookup } from '../weights.ts';
import { OnnxGraph, type OnnxTensor } from './onnx-graph.ts';

const OPSET = 17;
const IR_VERSION = 8;

/** Describes a float32 tensor of any batch size. */
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
 * `probabilities` (T = 1). Inside, images have their channels first, as ONNX wants them.
 */
export function exportOnnx(network: Network, weights: readonly Weight[]): Uint8Array {
  const graph = new OnnxGraph();
  const weightOf = weightLookup(weights);
  const image: OnnxTensor = { name: IMAGE, channels: 'last' };
  const last = walkLayers(inferShapes(network), image, ({ layer, ...position }, inputs) =>
    kindOf(layer).toOnnx(layer, inputs, {
      ...position,
      graph,
      weight: (role) => weightOf(layer.name, role),
    }),
  );
  const logits = graph.node('Identity', [last.name], 'logits');
  const probabilities = graph.node('Softmax', [logits], 'probabilities', { axis: 1 });
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

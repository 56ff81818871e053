import { DataType, GraphBuilder, type SignatureSpec } from '../savedmodel/index.ts';
import { kindOf } from './layers/registry.ts';
import type { Network } from './network.ts';
import { IMAGE, inferShapes, walkLayers, weightSpecs } from './shapes.ts';

/**
 * The network as a TensorFlow graph with two signatures:
 * - `serving_default`: `image` to `logits`, `probabilities` (T = 1) and `class`
 * - `soft_labels`: `image` and a scalar `temperature` T to `probabilities`, softmax(logits / T)
 */
export function servingGraph(network: Network): {
  graph: GraphBuilder;
  signatures: Record<string, SignatureSpec>;
} {
  const graph = new GraphBuilder();
  const { attr } = graph;
  const imageShape = [-1, ...network.inputShape];
  const scoresShape = [-1, network.classes];

  const variables = new Map(
    weightSpecs(network).map(({ name, shape }) => [
      name,
      graph.variable({ name, shape, trainable: true }),
    ]),
  );
  const placeholder = graph.placeholder(IMAGE, imageShape);
  const last = walkLayers(inferShapes(network), placeholder, ({ layer, ...position }, inputs) =>
    kindOf(layer).toSavedModel(layer, inputs, {
      ...position,
      graph,
      variable(role) {
        const found = variables.get(`${layer.name}/${role}`);
        if (found === undefined) throw new Error(`no weight ${layer.name}/${role}`);
        return found;
      },
    }),
  );

  const logits = graph.float('Identity', 'serving/logits', [last]);
  const probabilities = graph.float('Softmax', 'serving/probabilities', [logits]);
  const axis = graph.int32s('serving/class_axis', [-1], []);
  const winner = graph.float('ArgMax', 'serving/class', [logits, axis], {
    Tidx: attr.type('int32'),
    output_type: attr.type('int64'),
  });
  const temperature = graph.placeholder('temperature', []);
  const scaled = graph.float('RealDiv', 'serving/scaled_logits', [logits, temperature]);
  const softLabels = graph.float('Softmax', 'serving/soft_labels', [scaled]);

  const image = { tensor: IMAGE, dtype: DataType.float, shape: imageShape };
  return {
    graph,
    signatures: {
      serving_default: {
        inputs: { image },
        outputs: {
          logits: { tensor: logits, dtype: DataType.float, shape: scoresShape },
          probabilities: { tensor: probabilities, dtype: DataType.float, shape: scoresShape },
          class: { tensor: winner, dtype: DataType.int64, shape: [-1] },
        },
      },
      soft_labels: {
        inputs: { image, temperature: { tensor: temperature, dtype: DataType.float, shape: [] } },
        outputs: {
          probabilities: { tensor: softLabels, dtype: DataType.float, shape: scoresShape },
        },
      },
    },
  };
}

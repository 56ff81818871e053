import { attr, DataType, GraphBuilder, type SignatureSpec } from '../savedmodel/index.ts';
import type { Activation, Network, Nonlinearity, Padding } from './network.ts';
import { IMAGE, type PlacedLayer, placeLayers, weightSpecs } from './shapes.ts';

/** Explicit padding for all four axes of NHWC, or none where a named rule is used. */
function explicitPaddings(padding: Padding): number[] {
  return typeof padding === 'string' ? [] : [0, 0, ...padding[0], ...padding[1], 0, 0];
}

function windowAttributes(padding: Padding) {
  return {
    padding: attr.string(typeof padding === 'string' ? padding.toUpperCase() : 'EXPLICIT'),
    explicit_paddings: attr.ints(explicitPaddings(padding)),
    data_format: attr.string('NHWC'),
  };
}

function spatial(sizes: readonly [number, number]) {
  return attr.ints([1, ...sizes, 1]);
}

const NONLINEAR_OPS: Record<Nonlinearity, string> = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  selu: 'Selu',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  softplus: 'Softplus',
};

/** Adds the nodes of one layer; returns the reference to its output. */
function addLayer(
  graph: GraphBuilder,
  { layer, outputShape }: PlacedLayer,
  inputs: readonly string[],
  variables: ReadonlyMap<string, string>,
): string {
  const { name } = layer;
  const variable = (role: string): string => variables.get(`${name}/${role}`) as string;
  const affine = (
    product: string,
    { bias, activation }: { bias: boolean; activation: Activation },
  ): string => {
    const sum = bias
      ? graph.float('BiasAdd', `${name}/BiasAdd`, [product, variable('bias')])
      : product;
    return activation === 'relu' ? graph.float('Relu', `${name}/Relu`, [sum]) : sum;
  };
  switch (layer.kind) {
    case 'conv2d': {
      const product = graph.float('Conv2D', `${name}/Conv2D`, [inputs[0], variable('kernel')], {
        strides: spatial(layer.strides),
        dilations: spatial(layer.dilations),
        ...windowAttributes(layer.padding),
      });
      return affine(product, layer);
    }
    case 'depthwise-conv2d': {
      const product = graph.float(
        'DepthwiseConv2dNative',
        `${name}/DepthwiseConv2d`,
        [inputs[0], variable('kernel')],
        { strides: spatial(layer.strides), ...windowAttributes(layer.padding) },
      );
      return affine(product, layer);
    }
    case 'dense': {
      const product = graph.float('MatMul', `${name}/MatMul`, [inputs[0], variable('kernel')]);
      return affine(product, layer);
    }
    case 'max-pool':
      return graph.float('MaxPool', `${name}/MaxPool`, inputs, {
        ksize: spatial(layer.size),
        strides: spatial(layer.strides),
        ...windowAttributes(layer.padding),
      });
    case 'average-pool': {
      // TensorFlow's AvgPool has no explicit padding; the network forbids it for this kind.
      const { padding, data_format } = windowAttributes(layer.padding);
      return graph.float('AvgPool', `${name}/AvgPool`, inputs, {
        ksize: spatial(layer.size),
        strides: spatial(layer.strides),
        padding,
        data_format,
      });
    }
    case 'flatten': {
      const shape = graph.int32s(`${name}/shape`, [-1, ...outputShape], [1 + outputShape.length]);
      return graph.float('Reshape', `${name}/Reshape`, [inputs[0], shape], {
        Tshape: attr.type(DataType.int32),
      });
    }
    case 'global-max-pool':
    case 'global-average-pool': {
      const pixels = graph.int32s(`${name}/axes`, [1, 2], [2]);
      const op = layer.kind === 'global-max-pool' ? 'Max' : 'Mean';
      return graph.float(op, `${name}/${op}`, [inputs[0], pixels], {
        Tidx: attr.type(DataType.int32),
        keep_dims: attr.bool(false),
      });
    }
    case 'affine': {
      const scaled = graph.float('Mul', `${name}/Mul`, [inputs[0], variable('scale')]);
      return graph.float('AddV2', `${name}/Add`, [scaled, variable('offset')]);
    }
    case 'pad': {
      const sizes = [0, 0, ...layer.padding.flat(), 0, 0];
      const paddings = graph.int32s(`${name}/paddings`, sizes, [4, 2]);
      return graph.float('Pad', `${name}/Pad`, [inputs[0], paddings], {
        Tpaddings: attr.type(DataType.int32),
      });
    }
    case 'activation':
      return graph.float(
        NONLINEAR_OPS[layer.activation],
        `${name}/${NONLINEAR_OPS[layer.activation]}`,
        inputs,
      );
    case 'leaky-relu':
      return graph.float('LeakyRelu', `${name}/LeakyRelu`, inputs, {
        alpha: attr.float(layer.slope),
      });
    case 'add':
    case 'multiply': {
      const op = layer.kind === 'add' ? 'AddV2' : 'Mul';
      return inputs
        .slice(1)
        .reduce(
          (left, right, i) => graph.float(op, `${name}/${op}_${i}`, [left, right]),
          inputs[0],
        );
    }
    case 'concat': {
      const axis = graph.int32s(`${name}/axis`, [-1], []);
      return graph.node('ConcatV2', `${name}/Concat`, [...inputs, axis], {
        N: attr.int(inputs.length),
        T: attr.type(DataType.float),
        Tidx: attr.type(DataType.int32),
      });
    }
    case 'dropout':
      return inputs[0];
  }
}

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
  const imageShape = [-1, ...network.inputShape];
  const scoresShape = [-1, network.classes];
  const float = DataType.float;

  const variables = new Map(
    weightSpecs(network).map(({ name, shape }) => [
      name,
      graph.variable({ name, shape, trainable: true }),
    ]),
  );
  const outputs = new Map([[IMAGE, graph.placeholder(IMAGE, imageShape)]]);
  let last = IMAGE;
  for (const placed of placeLayers(network)) {
    const inputs = placed.inputs.map((name) => outputs.get(name) as string);
    last = addLayer(graph, placed, inputs, variables);
    outputs.set(placed.layer.name, last);
  }

  const logits = graph.float('Identity', 'serving/logits', [last]);
  const probabilities = graph.float('Softmax', 'serving/probabilities', [logits]);
  const axis = graph.int32s('serving/class_axis', [-1], []);
  const winner = graph.float('ArgMax', 'serving/class', [logits, axis], {
    Tidx: attr.type(DataType.int32),
    output_type: attr.type(DataType.int64),
  });
  const temperature = graph.placeholder('temperature', []);
  const scaled = graph.float('RealDiv', 'serving/scaled_logits', [logits, temperature]);
  const softLabels = graph.float('Softmax', 'serving/soft_labels', [scaled]);

  const image = { tensor: IMAGE, dtype: float, shape: imageShape };
  return {
    graph,
    signatures: {
      serving_default: {
        inputs: { image },
        outputs: {
          logits: { tensor: logits, dtype: float, shape: scoresShape },
          probabilities: { tensor: probabilities, dtype: float, shape: scoresShape },
          class: { tensor: winner, dtype: DataType.int64, shape: [-1] },
        },
      },
      soft_labels: {
        inputs: { image, temperature: { tensor: temperature, dtype: float, shape: [] } },
        outputs: { probabilities: { tensor: softLabels, dtype: float, shape: scoresShape } },
      },
    },
  };
}

import * as tf from '@tensorflow/tfjs-core';
import type { LayerBase, LayerKind } from './layer-kind.ts';

/** `x` where it is positive, else `x * scale`; the weight `scale` is `[channels]`. */
export interface PreluLayer extends LayerBase {
  readonly kind: 'prelu';
}

export const prelu: LayerKind<PreluLayer> = {
  kind: 'prelu',
  stem: 'activation',
  fields: () => ({}),
  outputShape: (_, [input]) => input,
  weights: ({ name }, input) => [
    {
      name: `${name}/scale`,
      shape: input.slice(-1),
      layer: name,
      role: 'scale',
      fanIn: 1,
      fanOut: 1,
    },
  ],
  forward: (_, [input], { weight }) =>
    tf.sub(tf.relu(input), tf.mul(weight('scale'), tf.relu(tf.neg(input)))),
  toSavedModel({ name }, [input], { graph, variable }) {
    const positive = graph.float('Relu', `${name}/Relu`, [input]);
    const negated = graph.float('Neg', `${name}/Neg`, [input]);
    const negative = graph.float('Relu', `${name}/Relu_1`, [negated]);
    const scaled = graph.float('Mul', `${name}/Mul`, [negative, variable('scale')]);
    return graph.float('Sub', `${name}/Sub`, [positive, scaled]);
  },
  toOnnx({ name }, [input], { graph, weight }) {
    const { spec, values } = weight('scale');
    const sizes = input.channels === 'first' ? [...spec.shape, 1, 1] : spec.shape;
    const slope = graph.constant(spec.name, sizes, values);
    return { ...input, name: graph.node('PRelu', [input.name, slope], `${name}/output`) };
  },
  toKeras(_, weight, { inputShapes: [input] }) {
    const { values } = weight('scale');
    const shared = input.slice(0, -1);
    return {
      className: 'PReLU',
      config: { shared_axes: shared.length > 0 ? shared.map((_, i) => i + 1) : null },
      weights: [{ name: 'alpha', shape: [...shared.map(() => 1), values.length], values }],
    };
  },
};

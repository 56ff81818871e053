import * as tf from '@tensorflow/tfjs-core';
import type { WeightRole, WeightSpec } from '../weights.ts';
import type { LayerBase, LayerKind } from './layer-kind.ts';

/** `x * scale + offset`, each a weight `[channels]`: batch normalization as it is at inference. */
export interface AffineLayer extends LayerBase {
  readonly kind: 'affine';
}

export const affine: LayerKind<AffineLayer> = {
  kind: 'affine',
  stem: 'affine',
  fields: () => ({}),
  outputShape: (_, [input]) => input,
  weights({ name }, input) {
    const shape = input.slice(-1);
    const spec = (role: WeightRole): WeightSpec => ({
      name: `${name}/${role}`,
      shape,
      layer: name,
      role,
      fanIn: 1,
      fanOut: 1,
    });
    return [spec('scale'), spec('offset')];
  },
  forward: (_, [input], { weight }) => tf.add(tf.mul(input, weight('scale')), weight('offset')),
  toSavedModel({ name }, [input], { graph, variable }) {
    const scaled = graph.float('Mul', `${name}/Mul`, [input, variable('scale')]);
    return graph.float('AddV2', `${name}/Add`, [scaled, variable('offset')]);
  },
  toOnnx({ name }, [input], { graph, weight }) {
    const perChannel = (role: 'scale' | 'offset') => {
      const { spec, values } = weight(role);
      const sizes = input.channels === 'first' ? [...spec.shape, 1, 1] : spec.shape;
      return graph.constant(spec.name, sizes, values);
    };
    const scaled = graph.node('Mul', [input.name, perChannel('scale')], `${name}/scaled`);
    return { ...input, name: graph.node('Add', [scaled, perChannel('offset')], `${name}/output`) };
  },
  /** With mean 0 and variance 1, batch normalization is gamma * x + beta. */
  toKeras(_, weight) {
    const { spec, values: gamma } = weight('scale');
    const { shape } = spec;
    const filled = (value: number) => new Float32Array(gamma.length).fill(value);
    return {
      className: 'BatchNormalization',
      config: { axis: -1, epsilon: 0, center: true, scale: true },
      weights: [
        { name: 'gamma', shape, values: gamma },
        { name: 'beta', shape, values: weight('offset').values },
        { name: 'moving_mean', shape, values: filled(0) },
        { name: 'moving_variance', shape, values: filled(1) },
      ],
    };
  },
};

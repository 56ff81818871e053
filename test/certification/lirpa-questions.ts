/** Networks and boxes whose bounds auto_LiRPA gives too. */
import { imageBox } from '../../src/certification/index.ts';
import { type Layer, type Network, weightSpecs } from '../../src/models/index.ts';
import { imageOf, weightsOf } from './networks.ts';

const dense = (name: string, units: number, activation: 'relu' | 'linear' = 'relu'): Layer => ({
  kind: 'dense',
  name,
  units,
  bias: true,
  activation,
});

const conv = (name: string, filters: number, kernel: number, stride: number): Layer => ({
  kind: 'conv2d',
  name,
  filters,
  kernel: [kernel, kernel],
  strides: [stride, stride],
  dilations: [1, 1],
  bias: true,
  activation: 'relu',
  padding: stride === 1 ? 'same' : 'valid',
});

const flatten: Layer = { kind: 'flatten', name: 'flatten' };

const network = (architecture: string, layers: readonly Layer[]): Network => ({
  architecture,
  inputShape: [8, 7, 1],
  classes: 4,
  layers,
});

export const LIRPA_NETWORKS: readonly Network[] = [
  network('dense', [
    flatten,
    dense('a', 20),
    dense('b', 20),
    dense('c', 20),
    dense('d', 4, 'linear'),
  ]),
  network('strided', [conv('a', 4, 4, 2), conv('b', 6, 2, 2), flatten, dense('c', 4, 'linear')]),
  network('same', [
    conv('a', 4, 3, 1),
    conv('b', 4, 3, 1),
    flatten,
    dense('c', 16),
    dense('d', 4, 'linear'),
  ]),
];

const BUDGETS = [0.01, 0.05, 0.2];

/** A network's bounds are asked for at one budget around one image. */
export interface LirpaCase {
  readonly network: Network;
  readonly seed: number;
  readonly eps: number;
}

export const LIRPA_CASES: readonly LirpaCase[] = LIRPA_NETWORKS.flatMap((one) =>
  BUDGETS.map((eps, seed) => ({ network: one, seed, eps })),
);

/** What `scripts/lirpa/bounds.py` reads. */
export function questionOf({ network: asked, seed, eps }: LirpaCase) {
  const weights = new Map(weightsOf(asked, seed).map(({ spec, values }) => [spec.name, values]));
  const shapes = new Map(weightSpecs(asked).map(({ name, shape }) => [name, shape]));
  const { lower, upper } = imageBox(imageOf(asked, seed), eps);
  let [height, width, channels] = asked.inputShape;
  const layers = asked.layers.flatMap((layer) => {
    if (layer.kind === 'flatten') return [{ kind: 'flatten' }];
    if (layer.kind !== 'conv2d' && layer.kind !== 'dense') throw new Error(layer.kind);
    const facts = {
      kernel: Array.from(weights.get(`${layer.name}/kernel`) ?? []),
      bias: Array.from(weights.get(`${layer.name}/bias`) ?? []),
      shape: shapes.get(`${layer.name}/kernel`),
    };
    const relu = layer.activation === 'relu' ? [{ kind: 'relu' }] : [];
    if (layer.kind === 'dense') {
      const from = [height, width, channels];
      [height, width, channels] = [1, 1, layer.units];
      return [{ kind: 'dense', ...facts, from }, ...relu];
    }
    const [[size], [stride]] = [layer.kernel, layer.strides];
    const padding = layer.padding === 'same' ? (size - 1) / 2 : 0;
    const after = (length: number) => Math.floor((length + 2 * padding - size) / stride) + 1;
    [height, width, channels] = [after(height), after(width), layer.filters];
    return [{ kind: 'conv', ...facts, stride, padding }, ...relu];
  });
  return {
    network: asked.architecture,
    seed,
    eps,
    inputShape: asked.inputShape,
    lower: Array.from(lower),
    upper: Array.from(upper),
    layers,
  };
}

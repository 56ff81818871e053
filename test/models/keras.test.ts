import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/index.ts';
import { type Constant, constant } from '../../src/models/import/constants.ts';
import { ImportError } from '../../src/models/import/errors.ts';
import { importKerasModel, type KerasModel } from '../../src/models/import/keras-model.ts';
import { namedWeights } from '../../src/models/import/keras-weights.ts';
import type { BuiltNetwork } from '../../src/models/import/network-builder.ts';
import {
  buildNetwork,
  exportNetwork,
  importModel,
  Model,
  weightsDigest,
} from '../../src/models/index.ts';
import { zip } from '../../src/storage/index.ts';
import { type Hdf5Member, hdf5File } from './hdf5-file.ts';
import { randomWeights } from './rich-network.ts';

let folder: string;
before(() => startEngine('cpu'));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keras-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Images are 2 x 2 x 2 here; this one counts up: pixel by pixel, channels last. */
const IMAGE = Float32Array.from({ length: 8 }, (_, i) => i / 8);

function logitsOf({ network, weights }: BuiltNetwork): number[] {
  const model = new Model(network, weights, 1);
  const size = network.inputShape.reduce((a, b) => a * b, 1);
  const images = tf.tensor4d(IMAGE.slice(0, size), [1, ...network.inputShape]);
  const values = tf.tidy(() => Array.from(model.logits(images).dataSync()));
  model.dispose();
  return values;
}

function assertClose(found: readonly number[], expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) < 1e-5, `${found} is not ${expected}`);
  });
}

const refused = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof ImportError && error.code === code && message.test(error.message);

interface Layer {
  readonly class_name: string;
  readonly config: Record<string, unknown>;
}

const INPUT = { batch_input_shape: [null, 2, 2, 2] };
/** Two logits: the sum of the first four of eight values, and of the others. */
const HALVES = Array.from({ length: 16 }, (_, i) => (i % 2 === (i < 8 ? 0 : 1) ? 1 : 0));
const dense = (config = {}): Layer => ({
  class_name: 'Dense',
  config: { name: 'logits', units: 2, use_bias: false, ...config },
});
const FLATTEN: Layer = { class_name: 'Flatten', config: { name: 'flat' } };

const sequential = (layers: readonly Layer[]) => ({ class_name: 'Sequential', config: { layers } });

type Weights = Readonly<Record<string, Constant>>;
const LOGITS: Weights = { 'logits/kernel': constant([8, 2], HALVES) };

/** The logits of a sequence of layers, the first of which says the input's shape. */
function run(layers: readonly Layer[], weights: Weights = {}, more: Partial<KerasModel> = {}) {
  const source = namedWeights(new Map(Object.entries({ ...LOGITS, ...weights })));
  return logitsOf(importKerasModel({ model: sequential(layers), weights: source, ...more }, {}));
}

/** The two logits that `f` of each value gives; `i` counts the values. */
const halvesOf = (f: (x: number, i: number) => number) => {
  const values = Array.from(IMAGE, f);
  return [0, 4].map((from) => values.slice(from, from + 4).reduce((a, b) => a + b));
};

const clip = (x: number, most: number) => Math.min(Math.max(x, 0), most);

test('layers of single values compute what Keras says', () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const softplus = (x: number) => Math.log(1 + Math.exp(x));
  const eluOf = (x: number, alpha: number) => (x > 0 ? x : alpha * (Math.exp(x) - 1));
  const cases: readonly [string, Record<string, unknown>, (x: number, i: number) => number][] = [
    ['Rescaling', { scale: [2, 4], offset: -1 }, (x, i) => x * (i % 2 ? 4 : 2) - 1],
    [
      'Normalization',
      { mean: [0.5, 0], variance: [0.25, 4] },
      (x, i) => (i % 2 ? x / 2 : 2 * x - 1),
    ],
    ['Activation', { activation: 'swish' }, (x) => x * sigmoid(x)],
    ['Activation', { activation: 'mish' }, (x) => x * Math.tanh(softplus(x))],
    ['Activation', { activation: 'hard_silu' }, (x) => (x * clip(x + 3, 6)) / 6],
    ['Activation', { activation: { class_name: 'ELU', config: { alpha: 1 } } }, (x) => eluOf(x, 1)],
    ['Activation', { activation: { class_name: 'function', config: 'tanh' } }, Math.tanh],
    ['ReLU', { max_value: 0.5 }, (x) => clip(x, 0.5)],
    ['ReLU', { negative_slope: 0.5 }, (x) => Math.max(x, x / 2)],
    ['ELU', { alpha: 0.5 }, (x) => eluOf(x, 0.5)],
    ['TFOpLambda', { function: 'nn.relu' }, (x) => Math.max(x, 0)],
    ['RandomFlip', {}, (x) => x],
  ];
  for (const [className, config, f] of cases) {
    // Values on both sides of zero, where the layer does not scale them itself.
    const shifts = !['Rescaling', 'Normalization'].includes(className);
    const first = {
      class_name: 'Rescaling',
      config: { ...INPUT, name: 'r', scale: 1, offset: -0.5 },
    };
    const layer = {
      class_name: className,
      config: { name: 'it', ...(shifts ? {} : INPUT), ...config },
    };
    const found = run([...(shifts ? [first] : []), layer, FLATTEN, dense()]);
    assertClose(
      found,
      halvesOf((x, i) => f(shifts ? x - 0.5 : x, i)),
    );
  }
});

test('hard_sigmoid has the slope of the version that wrote it', () => {
  const layers = [{ ...FLATTEN, config: { ...FLATTEN.config, ...INPUT } }];
  const hard = { class_name: 'Activation', config: { name: 'h', activation: 'hard_sigmoid' } };
  for (const [version, slope] of [
    ['2.15.0', 0.2],
    ['3.5.0', 1 / 6],
  ] as const) {
    const found = run([...layers, hard, dense()], {}, { version });
    assertClose(
      found,
      halvesOf((x) => slope * x + 0.5),
    );
  }
});

test('PReLU has a slope for each channel', () => {
  const first = {
    class_name: 'Rescaling',
    config: { ...INPUT, name: 'r', scale: 1, offset: -0.5 },
  };
  const layer = { class_name: 'PReLU', config: { name: 'p', shared_axes: [1, 2] } };
  const weights = { 'p/alpha': constant([1, 1, 2], [0.5, -1]) };
  const slope = (x: number, i: number) => (x - 0.5 > 0 ? 1 : i % 2 ? -1 : 0.5) * (x - 0.5);
  assertClose(run([first, layer, FLATTEN, dense()], weights), halvesOf(slope));
});

test("Keras 1: other names, kernels of Theano's shape, turned around by its backend", () => {
  // Filter o sums channel o: at the top left pixel with weight 1, at the bottom right with 10.
  const kernel = new Float32Array(16);
  for (const channel of [0, 1]) {
    kernel[(channel * 2 + channel) * 4] = 1;
    kernel[(channel * 2 + channel) * 4 + 3] = 10;
  }
  const layers: Layer[] = [
    {
      class_name: 'Convolution2D',
      config: {
        name: 'conv',
        batch_input_shape: [null, 2, 2, 2],
        nb_filter: 2,
        nb_row: 2,
        nb_col: 2,
        border_mode: 'valid',
        subsample: [1, 1],
        dim_ordering: 'th',
        bias: true,
        activation: 'linear',
      },
    },
    { class_name: 'Dropout', config: { name: 'drop', p: 0.5 } },
    FLATTEN,
    dense({ name: 'out', bias: false, use_bias: undefined, output_dim: 2 }),
  ];
  const weights = {
    conv_W: constant([2, 2, 2, 2], kernel),
    conv_b: constant([2], [0.25, 0]),
    out_W: constant([2, 2], [1, 0, 0, 1]),
  };
  const [a, d] = [0, 6].map((at) => [IMAGE[at], IMAGE[at + 1]]);
  const expected = (first: number, last: number) => [
    first * a[0] + last * d[0] + 0.25,
    first * a[1] + last * d[1],
  ];
  assertClose(run(layers, weights, { version: '1.2.2', backend: 'tensorflow' }), expected(1, 10));
  assertClose(run(layers, weights, { version: '1.2.2', backend: 'theano' }), expected(10, 1));
});

test('images with their channels first are flattened channel by channel', () => {
  const pad = {
    class_name: 'ZeroPadding2D',
    config: { ...INPUT, name: 'pad', padding: 0, data_format: 'channels_first' },
  };
  const norm = { class_name: 'BatchNormalization', config: { name: 'bn', epsilon: 0 } };
  const count = Array.from({ length: 8 }, (_, i) => i + 1);
  const weights = {
    'bn/gamma': constant([8], count),
    'bn/beta': constant([8], new Array(8).fill(0)),
    'bn/moving_mean': constant([8], new Array(8).fill(0)),
    'bn/moving_variance': constant([8], new Array(8).fill(1)),
  };
  const byChannel = [0, 2, 4, 6, 1, 3, 5, 7].map((at, i) => IMAGE[at] * (i + 1));
  const sums = [0, 4].map((from) => byChannel.slice(from, from + 4).reduce((a, b) => a + b));
  assertClose(run([pad, FLATTEN, norm, dense()], weights), sums);
  // Flatten of channels_first puts the channels last before it flattens.
  const last = { ...FLATTEN, config: { ...FLATTEN.config, data_format: 'channels_first' } };
  assertClose(
    run([pad, last, norm, dense()], weights),
    halvesOf((x, i) => x * (i + 1)),
  );
  const pool = { class_name: 'MaxPooling2D', config: { name: 'p', data_format: 'channels_last' } };
  assert.throws(
    () => run([pad, pool, FLATTEN, dense()]),
    refused('unsupported-operator', /unlike/),
  );
});

test('a flat input may become the image again', () => {
  const first = {
    class_name: 'Flatten',
    config: { name: 'f', batch_input_shape: [null, 2, 2, 1] },
  };
  const back = { class_name: 'Reshape', config: { name: 're', target_shape: [2, -1, 1] } };
  const pool = { class_name: 'MaxPooling2D', config: { name: 'p', pool_size: [2, 1] } };
  const weights = { 'logits/kernel': constant([2, 2], [1, 0, 0, 1]) };
  const found = run([first, back, pool, FLATTEN, dense()], weights);
  assertClose(found, [IMAGE[2], IMAGE[3]]);
});

/** A functional model in the form of Keras 2: entries of `[name, class, config, inbound]`. */
function functional(layers: readonly [string, string, object, unknown][], output: unknown) {
  return {
    class_name: 'Functional',
    config: {
      layers: [
        { name: 'in', class_name: 'InputLayer', config: INPUT, inbound_nodes: [] },
        ...layers.map(([name, class_name, config, node]) => ({
          name,
          class_name,
          config: { name, ...config },
          inbound_nodes: [node],
        })),
      ],
      input_layers: [['in', 0, 0]],
      output_layers: output,
    },
  };
}

test('operators with numbers, as Keras 2 and 3 write them', () => {
  const keras3 = (...args: unknown[]) => ({ args, kwargs: {} });
  const tensor = (layer: string) => ({
    class_name: '__keras_tensor__',
    config: { shape: [null, 2, 2, 2], keras_history: [layer, 0, 0] },
  });
  const model = functional(
    [
      ['a', 'TFOpLambda', { function: 'math.truediv' }, ['in', 0, 0, { y: 0.5, name: null }]],
      [
        'b',
        'TFOpLambda',
        { function: 'math.subtract' },
        ['_CONSTANT_VALUE', -1, 3, { y: ['a', 0, 0] }],
      ],
      ['c', 'Multiply', {}, keras3(tensor('b'), 2)],
      ['d', 'Add', {}, keras3([tensor('c'), tensor('in')])],
      [
        'e',
        'Subtract',
        {},
        [
          ['d', 0, 0, {}],
          ['in', 0, 0, {}],
        ],
      ],
      ['flat', 'Flatten', {}, [['e', 0, 0, {}]]],
      ['logits', 'Dense', { use_bias: false }, [['flat', 0, 0, {}]]],
    ],
    [['logits', 0, 0]],
  );
  const weights = namedWeights(new Map(Object.entries(LOGITS)));
  const found = logitsOf(importKerasModel({ model, weights }, {}));
  assertClose(
    found,
    halvesOf((x) => 2 * (3 - x / 0.5)),
  );
});

test('of several outputs one is chosen by its name', () => {
  const model = functional(
    [
      ['flat', 'Flatten', {}, [['in', 0, 0, {}]]],
      ['logits', 'Dense', { use_bias: false }, [['flat', 0, 0, {}]]],
    ],
    [
      ['flat', 0, 0],
      ['logits', 0, 0],
    ],
  );
  const keras = { model, weights: namedWeights(new Map(Object.entries(LOGITS))) };
  assertClose(
    logitsOf(importKerasModel(keras, { output: 'logits' })),
    halvesOf((x) => x),
  );
  assert.equal(importKerasModel(keras, { output: 'flat' }).network.classes, 8);
  assert.throws(
    () => importKerasModel(keras, { output: 'x' }),
    refused('bad-output', /flat, logits/),
  );
});

/** An `.h5` file as Keras 2 writes it. */
function h5(name: string, model: unknown, weights: Readonly<Record<string, Weights>>): string {
  const groups = Object.entries(weights).map(([layer, own]): [string, Hdf5Member] => {
    const group: Hdf5Member = {
      attributes: { weight_names: Object.keys(own) },
      groups: Object.fromEntries(
        Object.entries(own).map(([path, { shape, values }]) => {
          const [before, role] = path.split('/');
          return [before, { datasets: { [role]: { shape, values: Array.from(values) } } }];
        }),
      ),
    };
    return [layer, group];
  });
  const path = join(folder, name);
  const stored = {
    attributes: { layer_names: Object.keys(weights) },
    groups: Object.fromEntries(groups),
  };
  writeFileSync(
    path,
    hdf5File({
      attributes: {
        keras_version: '2.15.0',
        ...(model ? { model_config: JSON.stringify(model) } : {}),
      },
      groups: model ? { model_weights: stored } : stored.groups,
      ...(model ? {} : { attributes: stored.attributes }),
    }),
  );
  return path;
}

test('an .h5 file comes in, with a model inside of the model', async () => {
  const inner = {
    class_name: 'Sequential',
    config: {
      name: 'base',
      layers: [{ class_name: 'Flatten', config: { name: 'f', ...INPUT } }, dense()],
    },
  };
  const scale = constant([2, 2], [2, 0, 0, -1]);
  const last = dense({ name: 'last', activation: 'softmax' });
  const path = h5('nested.h5', sequential([inner as unknown as Layer, last]), {
    base: { 'logits/kernel:0': LOGITS['logits/kernel'] },
    // Names in a file are those of the first model that the layer was in.
    last: { 'renamed/kernel:0': scale },
  });
  const [first, second] = halvesOf((x) => x);
  const { format, ...network } = await importModel(path);
  assert.equal(format, 'keras');
  assertClose(logitsOf(network), [2 * first, -second]);
});

test("this program's own .keras files come back with the same weights", async () => {
  const network = buildNetwork('cnn', [12, 12, 1], 4);
  const weights = randomWeights(network);
  const path = join(folder, 'own.keras');
  await exportNetwork('keras', path, network, weights);
  const imported = await importModel(path);
  assert.equal(weightsDigest(imported.weights), weightsDigest(weights));
  const kinds = network.layers.map(({ kind }) => kind).filter((kind) => kind !== 'dropout');
  assert.deepEqual(
    imported.network.layers.map(({ kind }) => kind),
    kinds,
  );
});

test('half of a model, and what is no model, says what it is', async () => {
  const weights = h5('only.weights.h5', undefined, {
    logits: { 'logits/kernel:0': LOGITS['logits/kernel'] },
  });
  await assert.rejects(
    importModel(weights),
    refused('incomplete-model', /weights without the layers/),
  );
  const json = join(folder, 'model.json');
  writeFileSync(json, JSON.stringify({ ...sequential([FLATTEN]), keras_version: '2.15.0' }));
  await assert.rejects(
    importModel(json),
    refused('incomplete-model', /to_json .* without their weights/),
  );
  const other = join(folder, 'other.h5');
  writeFileSync(other, hdf5File({ datasets: { x: { shape: [1], values: [1] } } }));
  await assert.rejects(importModel(other), /not of a Keras model/);
  const text = join(folder, 'text.keras');
  writeFileSync(text, 'hello');
  await assert.rejects(importModel(text), /neither an HDF5 file nor a Keras archive/);
  const archive = join(folder, 'empty.keras');
  writeFileSync(archive, zip({ 'other.txt': new Uint8Array(1) }));
  await assert.rejects(importModel(archive), /ZIP archive without config.json/);
});

test('a layer without a counterpart, and one without its weights, is named', () => {
  const first = { ...FLATTEN, config: { ...FLATTEN.config, ...INPUT } };
  const lambda = { class_name: 'Lambda', config: { name: 'mine' } };
  assert.throws(
    () => run([first, lambda, dense()]),
    refused('unsupported-operator', /Lambda \(at "mine"\)/),
  );
  const other = dense({ name: 'absent' });
  assert.throws(() => run([first, other]), refused('bad-model', /"absent" has no kernel/));
  const after = [
    first,
    dense({ activation: 'softmax' }),
    { class_name: 'ReLU', config: { name: 'r' } },
  ];
  assert.throws(() => run(after), refused('unsupported-operator', /follows a softmax/));
});

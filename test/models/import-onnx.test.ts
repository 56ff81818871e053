import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, test } from 'node:test';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { startEngine } from '../../src/engine/index.ts';
import { importModel } from '../../src/models/index.ts';
import { type AttributeProtoSchema, ModelProtoSchema } from '../../src/models/onnx/gen/onnx_pb.ts';
import { FormatError } from '../../src/storage/index.ts';
import {
  assertClose,
  CHANNELS_FIRST,
  HALVES_KERNEL,
  halvesOf,
  IMAGE,
  logitsOf,
  refused,
} from './imported.ts';

let folder: string;
before(() => startEngine('cpu'));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-onnx-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Node {
  readonly opType: string;
  readonly name: string;
  readonly input: string[];
  readonly output: string[];
  readonly attribute: MessageInitShape<typeof AttributeProtoSchema>[];
}

interface Tensor {
  readonly name: string;
  readonly dims: bigint[];
  readonly dataType: number;
  readonly floatData?: number[];
  readonly int32Data?: number[];
  readonly int64Data?: bigint[];
  readonly rawData?: Uint8Array;
  readonly dataLocation?: number;
  readonly externalData?: { key: string; value: string }[];
}

function floats(name: string, values: readonly number[], shape: readonly number[]): Tensor {
  return { name, dims: shape.map(BigInt), dataType: 1, floatData: [...values] };
}

function integers(name: string, values: readonly number[]): Tensor {
  return { name, dims: [BigInt(values.length)], dataType: 7, int64Data: values.map(BigInt) };
}

function node(opType: string, input: string, output: string, attributes: object = {}): Node {
  const attribute = Object.entries(attributes).map(([name, value]) => {
    if (Array.isArray(value)) return { name, ints: value.map(BigInt) };
    return Number.isInteger(value) ? { name, i: BigInt(value), f: value } : { name, f: value };
  });
  return { opType, name: output, input: input.split(' '), output: output.split(' '), attribute };
}

const KERNEL = floats('kernel', HALVES_KERNEL, [8, 2]);
const FLATTEN = node('Flatten', 'x', 'flat');

/** An ONNX file of one image input `x`, `[1, 2, 2, 2]` unless said otherwise, and an output `y`. */
function onnx(
  nodes: readonly Node[],
  initializer: readonly Tensor[] = [KERNEL],
  { sizes = [1, 2, 2, 2], outputs = ['y'] } = {},
): string {
  const dim = sizes.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } }));
  const model = create(ModelProtoSchema, {
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      node: [...nodes],
      initializer: [...initializer],
      input: [
        {
          name: 'x',
          type: { value: { case: 'tensorType', value: { elemType: 1, shape: { dim } } } },
        },
      ],
      output: outputs.map((name) => ({ name })),
    },
  });
  const path = join(folder, 'model.onnx');
  writeFileSync(path, toBinary(ModelProtoSchema, model));
  return path;
}

const imported = async (...given: Parameters<typeof onnx>) =>
  logitsOf(await importModel(onnx(...given)));

const PRODUCT = node('MatMul', 'flat kernel', 'y');

test('ONNX flattens channel by channel, and the weights follow', async () => {
  assertClose(await imported([FLATTEN, PRODUCT]), halvesOf(CHANNELS_FIRST));
});

test('nodes are read in any order; a cycle and a missing value are named', async () => {
  assertClose(await imported([PRODUCT, FLATTEN]), halvesOf(CHANNELS_FIRST));
  const cycle = [node('Relu', 'b', 'a'), node('Relu', 'a', 'b'), node('Relu', 'b', 'y')];
  await assert.rejects(imported(cycle), refused('bad-model', /a cycle at/));
  await assert.rejects(imported([PRODUCT]), refused('bad-model', /no value "flat"/));
  const twice = [FLATTEN, PRODUCT, node('Relu', 'flat', 'y')];
  await assert.rejects(imported(twice), refused('bad-model', /two nodes of the graph make "y"/));
});

/** An operator between the flattened image and the product, and what it makes of a number. */
const BETWEEN: readonly [
  name: string,
  nodes: Node[],
  tensors: Tensor[],
  f: (x: number, i: number) => number,
][] = [
  [
    'BatchNorm1d, with an axis added and taken away',
    [
      node('Unsqueeze', 'flat axis', 'u'),
      node('BatchNormalization', 'u gamma beta mean variance', 'n', { epsilon: 0.5 }),
      node('Squeeze', 'n axis', 'z'),
    ],
    [
      integers('axis', [2]),
      floats('gamma', [1, 2, 3, 4, 5, 6, 7, 8], [8]),
      floats('beta', [0, 1, 0, 1, 0, 1, 0, 1], [8]),
      floats('mean', new Array(8).fill(0.25), [8]),
      floats('variance', new Array(8).fill(3.5), [8]),
    ],
    (x, i) => ((i + 1) * (x - 0.25)) / 2 + (i % 2),
  ],
  [
    'Sub of computed tensors',
    [node('Tanh', 'flat', 't'), node('Sub', 'flat t', 'z')],
    [],
    (x) => x - Math.tanh(x),
  ],
  [
    'Div of computed tensors',
    [node('Exp', 'flat', 'e'), node('Div', 'flat e', 'z')],
    [],
    (x) => x / Math.exp(x),
  ],
  [
    'PRelu with a slope for each number',
    [node('Sub', 'flat half', 'd'), node('PRelu', 'd slope', 'z')],
    [floats('half', [0.5], []), floats('slope', [1, 2, 3, 4, 5, 6, 7, 8], [8])],
    (x, i) => (x > 0.5 ? x - 0.5 : (i + 1) * (x - 0.5)),
  ],
  [
    'HardSigmoid',
    [node('HardSigmoid', 'flat', 'z', { alpha: 1.5 })],
    [],
    (x) => Math.min(1, 1.5 * x + 0.5),
  ],
  [
    'HardSwish',
    [node('HardSwish', 'flat', 'z')],
    [],
    (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
  ],
  [
    'Gelu, by its tanh form within 5e-4',
    [
      {
        ...node('Gelu', 'flat', 'z'),
        attribute: [{ name: 'approximate', s: Buffer.from('tanh') }],
      },
    ],
    [],
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ],
  ['Pow', [node('Pow', 'flat three', 'z')], [floats('three', [3], [])], (x) => x ** 3],
  [
    'Clip to any bounds',
    [node('Clip', 'flat low high', 'z')],
    [floats('low', [0.2], []), floats('high', [0.6], [])],
    (x) => Math.min(0.6, Math.max(0.2, x)),
  ],
];

for (const [name, nodes, tensors, f] of BETWEEN) {
  test(`ONNX: ${name}`, async () => {
    const product = node('MatMul', 'z kernel', 'y');
    const found = await imported([FLATTEN, ...nodes, product], [KERNEL, ...tensors]);
    assertClose(found, halvesOf(CHANNELS_FIRST.map(f)));
  });
}

test('the exact Gelu is x (1 + erf(x / sqrt 2)) / 2', async () => {
  const nodes = [FLATTEN, node('Gelu', 'flat', 'z'), node('MatMul', 'z kernel', 'y')];
  const table = [0, 0.0687176, 0.1496792, 0.2424255, 0.3457295, 0.4585, 0.5799846, 0.7079];
  // Phi(x) at eighths, from a table of the normal distribution.
  const phi = [0.5, 0.549738, 0.598706, 0.64617, 0.691462, 0.734014, 0.773373, 0.809213];
  assert.equal(table.length, phi.length);
  const gelu = (x: number) => x * phi[Math.round(8 * x)];
  const expected = halvesOf(CHANNELS_FIRST.map(gelu));
  (await imported(nodes)).forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) < 1e-5);
  });
});

test('LayerNormalization standardizes the last axis, then scales it', async () => {
  // After the transposition, a row is a pixel's two channels.
  const nodes = [
    node('Transpose', 'x', 't', { perm: [0, 2, 3, 1] }),
    node('LayerNormalization', 't scale bias', 'n', { axis: -1, epsilon: 1e-4 }),
    node('Flatten', 'n', 'flat'),
    PRODUCT,
  ];
  const tensors = [KERNEL, floats('scale', [2, 3], [2]), floats('bias', [1, -1], [2])];
  const expected = Array.from(IMAGE, (x, i) => {
    const pair = i - (i % 2);
    const mean = (IMAGE[pair] + IMAGE[pair + 1]) / 2;
    const deviation = Math.sqrt((x - mean) ** 2 + 1e-4);
    return ((x - mean) / deviation) * [2, 3][i % 2] + [1, -1][i % 2];
  });
  assertClose(await imported(nodes, tensors), halvesOf(expected));
});

test('attention: products of computed tensors, a softmax inside, a class token and a slice', async () => {
  // Tokens are rows of the first channel, before them a constant one.
  const nodes = [
    node('Reshape', 'x shape', 'rows'),
    node('Concat', 'token rows', 'tokens', { axis: 1 }),
    node('Transpose', 'tokens', 'turned', { perm: [0, 2, 1] }),
    node('MatMul', 'tokens turned', 'scores'),
    node('Softmax', 'scores', 'weights', { axis: -1 }),
    node('MatMul', 'weights tokens', 'mixed'),
    node('Gather', 'mixed first', 'y', { axis: 1 }),
  ];
  const tensors = [
    integers('shape', [-1, 4, 2]),
    floats('token', [2, -1], [1, 1, 2]),
    { ...integers('first', [0]), dims: [] },
  ];
  const tokens = [[2, -1], ...[0, 2, 4, 6].map((i) => CHANNELS_FIRST.slice(i, i + 2))];
  const weights = tokens.map(([a, b]) => Math.exp(2 * a - b));
  const total = weights.reduce((a, b) => a + b, 0);
  const mixed = [0, 1].map((c) =>
    tokens.reduce((sum, token, i) => sum + (weights[i] / total) * token[c], 0),
  );
  assertClose(await imported(nodes, tensors), mixed);
});

test('Einsum and a split into heads', async () => {
  const nodes = [
    node('Reshape', 'x shape', 'rows'),
    node('Split', 'rows', 'left right', { axis: 2 }),
    {
      ...node('Einsum', 'left right', 'gram'),
      attribute: [{ name: 'equation', s: Buffer.from('nab,nac->nbc') }],
    },
    node('Flatten', 'gram', 'flat'),
    node('Gemm', 'flat four', 'y'),
  ];
  const tensors = [integers('shape', [-1, 2, 4]), floats('four', [1, 0, 0, 1, 1, 1, 0, 2], [4, 2])];
  const row = (r: number) => CHANNELS_FIRST.slice(4 * r, 4 * r + 4);
  const gram = [0, 1].flatMap((b) =>
    [2, 3].map((c) => row(0)[b] * row(0)[c] + row(1)[b] * row(1)[c]),
  );
  assertClose(await imported(nodes, tensors), [gram[0] + gram[2], gram[1] + gram[2] + 2 * gram[3]]);
});

test('a grouped convolution reads its own channels alone', async () => {
  const four = [1, 2, 2, 2];
  const nodes = [
    node('Concat', 'x x', 'wide', { axis: 1 }),
    node('Conv', 'wide taps', 'c', { group: 2 }),
    node('GlobalAveragePool', 'c', 'p'),
    node('Flatten', 'p', 'y'),
  ];
  const taps = floats('taps', [1, 10, 100, 1000], [2, 2, 1, 1]);
  const mean = [0, 4].map((i) => CHANNELS_FIRST.slice(i, i + 4).reduce((a, b) => a + b, 0) / 4);
  const expected = [mean[0] + 10 * mean[1], 100 * mean[0] + 1000 * mean[1]];
  const found = await imported(nodes, [taps], { sizes: four });
  assertClose(
    found.map((x) => x / 1000),
    expected.map((x) => x / 1000),
  );
  const { network } = await importModel(onnx(nodes, [taps]));
  assert.ok(network.layers.some(({ kind }) => kind === 'grouped-conv2d'));
});

test('weights in half precision and in int8 are read', async () => {
  const bits = { 10: 0x3c00, 16: 0x3f80 };
  for (const dataType of [10, 16] as const) {
    const words = Uint16Array.from(HALVES_KERNEL, (one) => (one ? bits[dataType] : 0));
    const half = { name: 'half', dims: [8n, 2n], dataType, rawData: new Uint8Array(words.buffer) };
    const nodes = [FLATTEN, node('Cast', 'half', 'kernel', { to: 1 }), PRODUCT];
    assertClose(await imported(nodes, [half]), halvesOf(CHANNELS_FIRST));
  }
  const whole = HALVES_KERNEL.map((one, i) => one * (i % 2 === 0 ? 4 : 8) + 3);
  const tensors = [
    { name: 'q', dims: [8n, 2n], dataType: 3, int32Data: whole },
    floats('scale', [0.25, 0.125], [2]),
    { name: 'zero', dims: [2n], dataType: 3, int32Data: [3, 3] },
  ];
  const undo = node('DequantizeLinear', 'q scale zero', 'kernel', { axis: 1 });
  assertClose(await imported([FLATTEN, undo, PRODUCT], tensors), halvesOf(CHANNELS_FIRST));
  const rounding = [FLATTEN, node('QuantizeLinear', 'flat scale', 'q8'), node('Relu', 'q8', 'y')];
  await assert.rejects(imported(rounding, tensors), refused('unsupported-operator', /rounds/));
});

test('weights beside the model are read from where they lie', async () => {
  const bytes = Buffer.from(Float32Array.from([9, 9, ...HALVES_KERNEL]).buffer);
  writeFileSync(join(folder, 'w.data'), bytes);
  const outside = (location: string, offset: string): Tensor => ({
    ...KERNEL,
    floatData: [],
    dataLocation: 1,
    externalData: [
      { key: 'location', value: location },
      { key: 'offset', value: offset },
    ],
  });
  const nodes = [FLATTEN, PRODUCT];
  assertClose(await imported(nodes, [outside('./w.data', '8')]), halvesOf(CHANNELS_FIRST));
  await assert.rejects(imported(nodes, [outside('w.data', '12')]), FormatError);
  for (const place of ['../secret', '/secret', '..', 'a/b']) {
    await assert.rejects(
      imported(nodes, [outside(place, '0')]),
      refused('bad-model', /outside of the model's folder/),
    );
  }
});

test('of several outputs one is chosen by name', async () => {
  const path = onnx([FLATTEN, PRODUCT], [KERNEL], { outputs: ['flat', 'y'] });
  await assert.rejects(importModel(path), refused('bad-output', /2 outputs: flat, y/));
  await assert.rejects(
    importModel(path, { output: 'z' }),
    refused('bad-output', /no output "z", only flat, y/),
  );
  assertClose(logitsOf(await importModel(path, { output: 'y' })), halvesOf(CHANNELS_FIRST));
});

test('where the channels are is read from the operators, then from the sizes', async () => {
  const shapeOf = async (sizes: number[], nodes = [FLATTEN, PRODUCT]) => {
    const kernel = floats('kernel', new Array(8).fill(1), [4, 2]);
    return (await importModel(onnx(nodes, [kernel], { sizes }))).network.inputShape;
  };
  assert.deepEqual(await shapeOf([1, 2, 2, 1]), [2, 2, 1]);
  assert.deepEqual(await shapeOf([1, 1, 2, 2]), [2, 2, 1]);
  const last = [
    node('Transpose', 'x', 't', { perm: [0, 3, 1, 2] }),
    node('Relu', 't', 'r'),
    node('Flatten', 'r', 'flat'),
    PRODUCT,
  ];
  assert.deepEqual(await shapeOf([1, 1, 2, 2], last), [1, 2, 2]);
  assert.deepEqual(await shapeOf([1, 4, 1]), [2, 2, 1]);
});

test('an operator of ONNX that is not supported is named', async () => {
  const nodes = [node('LSTM', 'x', 'y')];
  await assert.rejects(imported(nodes), refused('unsupported-operator', /LSTM \(at "y"\)/));
});

test('a small file that asks for much memory is refused', async () => {
  const doubling = Array.from({ length: 30 }, (_, i) =>
    node('Concat', `c${i} c${i}`, `c${i + 1}`, { axis: 0 }),
  );
  const chain = [...doubling, node('MatMul', 'x c30', 'y')];
  await assert.rejects(
    imported(chain, [floats('c0', [1], [1])]),
    refused('bad-model', /a computed tensor of shape/),
  );
  const many = Array.from({ length: 40 }, (_, i) => node('Expand', `c${i} size`, `c${i + 1}`));
  const spread = [...many, node('Add', 'x c40', 'y')];
  await assert.rejects(
    imported(spread, [floats('c0', [1], [1]), integers('size', [2 ** 21])]),
    refused('bad-model', /more constants than its size/),
  );
  const wide = [
    node('Pad', 'x pads', 'p'),
    node('Tanh', 'p', 't'),
    node('Sigmoid', 't', 's'),
    node('GlobalMaxPool', 's', 'g'),
    node('Flatten', 'g', 'y'),
  ];
  await assert.rejects(
    imported(wide, [integers('pads', [0, 0, 0, 0, 0, 0, 5790, 5790])]),
    refused('too-large', /numbers of memory/),
  );
});

test('more parts than any model has are refused before they are decoded', async () => {
  const model = create(ModelProtoSchema, { graph: { node: [] } });
  const empty = toBinary(ModelProtoSchema, model);
  assert.deepEqual([...empty], [0x3a, 0]);
  // A graph of 600,000 nodes, each empty: two bytes.
  const nodes = Buffer.alloc(1_200_000);
  for (let i = 0; i < nodes.length; i += 2) nodes[i] = 0x0a;
  const length = [
    0x80 | (nodes.length & 127),
    0x80 | ((nodes.length >> 7) & 127),
    nodes.length >> 14,
  ];
  const path = join(folder, 'many.onnx');
  writeFileSync(path, Buffer.concat([Buffer.from([0x3a, ...length]), nodes]));
  await assert.rejects(importModel(path), /has more than 500000 parts/);
});

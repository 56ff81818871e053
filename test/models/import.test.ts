import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { startEngine } from '../../src/engine/index.ts';
import { Budget } from '../../src/models/import/budget.ts';
import { ImportError } from '../../src/models/import/errors.ts';
import { GraphReader } from '../../src/models/import/tensorflow-graph.ts';
import { importModel } from '../../src/models/index.ts';
import { saveNetwork } from '../../src/models/saved-network.ts';
import {
  DataType,
  GraphBuilder,
  GraphDefSchema,
  writeSavedModel,
} from '../../src/savedmodel/index.ts';
import { assertClose, HALVES_KERNEL, IMAGE, logitsOf, refused } from './imported.ts';
import { randomWeights, richNetwork } from './rich-network.ts';

let folder: string;
before(() => startEngine('cpu'));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A SavedModel of constants: `build` gets the image and returns the output's node. */
function savedModel(build: (graph: GraphBuilder, image: string) => string): string {
  const graph = new GraphBuilder();
  const output = build(graph, graph.placeholder('pixels', [-1, 2, 2, 2]));
  const float = DataType.float;
  writeSavedModel(folder, {
    graph,
    tensors: [],
    signatures: {
      serving_default: {
        inputs: { pixels: { tensor: 'pixels', dtype: float, shape: [-1, 2, 2, 2] } },
        outputs: { scores: { tensor: output, dtype: float, shape: [-1, 2] } },
      },
    },
  });
  return folder;
}

/** Two logits from the eight pixels: the sum of the first four, and of the last four. */
function halves(graph: GraphBuilder, input: string): string {
  const shape = graph.int32s('shape', [-1, 8], [2]);
  const flat = graph.float('Reshape', 'flat', [input, shape]);
  const kernel = graph.floats('kernel', HALVES_KERNEL, [8, 2]);
  return graph.float('MatMul', 'product', [flat, kernel]);
}
const HALVES = [0.75, 2.75];

test('a softmax at the end is traced back to its logits', async () => {
  const path = savedModel((graph, image) => graph.float('Softmax', 'out', [halves(graph, image)]));
  assertClose(logitsOf(await importModel(path)), HALVES);
});

test('a fused batch normalization is gamma (x - mean) / sqrt(variance + epsilon) + beta', async () => {
  const path = savedModel((graph, image) => {
    const constants = [
      [2, 3],
      [1, -1],
      [0.5, 0.25],
      [0.75, 3.75],
    ].map((values, i) => graph.floats(`c${i}`, values, [2]));
    const normal = graph.float('FusedBatchNormV3', 'normal', [image, ...constants], {
      epsilon: graph.attr.float(0.25),
      is_training: graph.attr.bool(false),
    });
    return halves(graph, normal);
  });
  const pixel = (i: number) =>
    i % 2 === 0 ? (2 * (IMAGE[i] - 0.5)) / 1 + 1 : (3 * (IMAGE[i] - 0.25)) / 2 - 1;
  const sum = (from: number) => [0, 1, 2, 3].reduce((all, i) => all + pixel(from + i), 0);
  assertClose(logitsOf(await importModel(path)), [sum(0), sum(4)]);
});

test('a dilated convolution comes in from the blocks TensorFlow cuts it into', async () => {
  const path = savedModel((graph, image) => {
    const float = graph.attr.type('float');
    const types = { T: float, Tblock_shape: graph.attr.type('int32') };
    const block = graph.int32s('block', [2, 2], [2]);
    const space = [image, block, graph.int32s('paddings', [2, 2, 2, 2], [2, 2])];
    const cut = graph.node('SpaceToBatchND', 'cut', space, types);
    // The middle tap passes a channel on; a corner tap, two pixels away, sees only padding.
    const taps = Array.from({ length: 36 }, (_, i) => (i === 16 || i === 19 ? 1 : i < 4 ? 5 : 0));
    const kernel = graph.floats('taps', taps, [3, 3, 2, 2]);
    const convolved = graph.float('Conv2D', 'conv', [cut, kernel], {
      strides: graph.attr.ints([1, 1, 1, 1]),
      padding: graph.attr.string('VALID'),
    });
    const back = [convolved, block, graph.int32s('crops', [0, 0, 0, 0], [2, 2])];
    return halves(graph, graph.node('BatchToSpaceND', 'back', back, types));
  });
  assertClose(logitsOf(await importModel(path)), HALVES);
});

test('the first operator that is not supported is named', async () => {
  const path = savedModel((graph, image) => graph.float('Tan', 'strange', [halves(graph, image)]));
  await assert.rejects(importModel(path), refused('unsupported-operator', /Tan \(at "strange"\)/));
});

test('what follows a softmax, or ends in a sigmoid, is refused', async () => {
  const after = savedModel((graph, image) =>
    graph.float('Relu', 'relu', [graph.float('Softmax', 'soft', [halves(graph, image)])]),
  );
  await assert.rejects(importModel(after), refused('unsupported-operator', /follows a softmax/));
  const sigmoid = savedModel((graph, image) =>
    graph.float('Sigmoid', 'out', [halves(graph, image)]),
  );
  await assert.rejects(importModel(sigmoid), refused('probabilities', /sigmoid/));
});

test('a model for pixels up to 255 is recognized, and imported when the user confirms it', async () => {
  const path = savedModel((graph, image) => {
    const scale = graph.floats('scale', [1 / 255], []);
    return halves(graph, graph.float('Mul', 'rescaling', [image, scale]));
  });
  await assert.rejects(importModel(path), refused('bad-input-range', /0 to 255/));
  assertClose(logitsOf(await importModel(path, { inputRange: [0, 255] })), HALVES);
});

test('pixels are scaled by mean and deviation of each channel', async () => {
  const path = savedModel(halves);
  const normalization = { mean: [0.5, 0.25], std: [0.5, 0.25] };
  const pixel = (i: number) => (i % 2 === 0 ? 2 * IMAGE[i] - 1 : 4 * IMAGE[i] - 1);
  const sum = (from: number) => [0, 1, 2, 3].reduce((all, i) => all + pixel(from + i), 0);
  assertClose(logitsOf(await importModel(path, { normalization })), [sum(0), sum(4)]);
  const wrong = { mean: [0.5, 0.25, 0], std: [1] };
  await assert.rejects(
    importModel(path, { normalization: wrong }),
    refused('bad-input-range', /mean of 3 .* not 2/),
  );
});

test('functions are entered; one that calls itself is refused', () => {
  const node = (op: string, name: string, input: string[], f?: string) => ({
    op,
    name,
    input,
    attr: f ? { f: { value: { case: 'func' as const, value: { name: f } } } } : {},
  });
  const body = (name: string, nodes: ReturnType<typeof node>[], result: string) => ({
    signature: { name, inputArg: [{ name: 'x' }], outputArg: [{ name: 'y' }] },
    nodeDef: nodes,
    ret: { y: result },
  });
  const graph = create(GraphDefSchema, {
    node: [
      node('PartitionedCall', 'call', ['in'], 'twice'),
      node('PartitionedCall', 'loop', ['in'], 'endless'),
    ],
    library: {
      function: [
        body('once', [node('AddV2', 'sum', ['x', 'x'])], 'sum:z:0'),
        body(
          'twice',
          [
            node('PartitionedCall', 'a', ['x'], 'once'),
            node('PartitionedCall', 'b', ['a:y:0'], 'once'),
          ],
          'b:y:0',
        ),
        body('endless', [node('PartitionedCall', 'again', ['x'], 'endless')], 'again:y:0'),
      ],
    },
  });
  const reader = new GraphReader({
    graph,
    budget: new Budget(0),
    assigned: new Map(),
    readVariable: () => undefined,
    builder: {} as never,
  });
  const feeds = new Map([
    ['in', { kind: 'constant', shape: [], values: Float64Array.of(3) } as const],
  ]);
  const result = reader.value('call:0', feeds);
  assert.deepEqual(result.kind === 'constant' && result.values, Float64Array.of(12));
  assert.throws(() => reader.value('loop', feeds), refused('bad-model', /64 deep/));
});

/** A TensorFlow.js folder with one weight file. */
function tfjs(
  topology: unknown,
  weights: readonly object[],
  bytes: Uint8Array,
  ...paths: string[]
) {
  const given = paths.length > 0 ? paths : ['w.bin'];
  const model = { modelTopology: topology, weightsManifest: [{ paths: given, weights }] };
  mkdirSync(join(folder, 'web'), { recursive: true });
  writeFileSync(join(folder, 'w.bin'), bytes);
  writeFileSync(join(folder, 'web', 'w.bin'), bytes);
  writeFileSync(join(folder, 'web', 'model.json'), JSON.stringify(model));
  return join(folder, 'web');
}

const SEQUENTIAL = {
  class_name: 'Sequential',
  config: {
    layers: [
      { class_name: 'Flatten', config: { name: 'flat', batch_input_shape: [null, 2, 2, 2] } },
      {
        class_name: 'Dense',
        config: { name: 'dense', units: 2, activation: 'softmax', use_bias: false },
      },
    ],
  },
};

test('quantized weights of TensorFlow.js are scale * value + min', async () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => (i % 2 === (i < 8 ? 0 : 1) ? 4 : 2));
  const weight = {
    name: 'dense/kernel',
    shape: [8, 2],
    dtype: 'float32',
    quantization: { dtype: 'uint8', scale: 0.5, min: -1 },
  };
  assertClose(logitsOf(await importModel(tfjs(SEQUENTIAL, [weight], bytes))), HALVES);
});

test('a TensorFlow.js graph model runs, with its fused operators', async () => {
  const kernel = Float32Array.from({ length: 16 }, (_, i) => (i % 2 === (i < 8 ? 0 : 1) ? 1 : 0));
  const values = Float32Array.of(...kernel, 5, -10);
  const shape = { dim: [{ size: '-1' }, { size: '2' }, { size: '2' }, { size: '2' }] };
  const topology = {
    node: [
      { name: 'x', op: 'Placeholder', attr: { shape: { shape }, dtype: { type: 'DT_FLOAT' } } },
      { name: 'sizes', op: 'Const', attr: { dtype: { type: 'DT_INT32' } } },
      { name: 'kernel', op: 'Const', attr: {} },
      { name: 'bias', op: 'Const', attr: {} },
      { name: 'flat', op: 'Reshape', input: ['x', 'sizes'] },
      {
        name: 'scores',
        op: '_FusedMatMul',
        input: ['flat', 'kernel', 'bias'],
        attr: { fused_ops: { list: { s: [btoa('BiasAdd'), btoa('Relu')] } } },
      },
    ],
  };
  const weights = [
    { name: 'kernel', shape: [8, 2], dtype: 'float32' },
    { name: 'bias', shape: [2], dtype: 'float32' },
    { name: 'sizes', shape: [2], dtype: 'int32' },
  ];
  const bytes = Buffer.concat([
    Buffer.from(values.buffer),
    Buffer.from(Int32Array.of(-1, 8).buffer),
  ]);
  assertClose(logitsOf(await importModel(tfjs(topology, weights, bytes))), [HALVES[0] + 5, 0]);
});

test('a path of TensorFlow.js may begin with ./, but name no file twice', async () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => HALVES_KERNEL[i]);
  const quantization = { dtype: 'uint8', scale: 1, min: 0 };
  const weight = { name: 'dense/kernel', shape: [8, 2], dtype: 'float32', quantization };
  assertClose(logitsOf(await importModel(tfjs(SEQUENTIAL, [weight], bytes, './w.bin'))), HALVES);
  const twice = tfjs(SEQUENTIAL, [weight], bytes, 'w.bin', './w.bin');
  await assert.rejects(importModel(twice), refused('bad-model', /"w.bin" is named twice/));
});

test('a graph of an old converter holds texts as bytes and types as numbers', async () => {
  const shape = { dim: [{ size: '-1' }, { size: '2' }, { size: '2' }, { size: '2' }] };
  const text = (value: string) => ({ s: [...Buffer.from(value)] });
  const topology = {
    node: [
      { name: 'x', op: 'Placeholder', attr: { shape: { shape }, dtype: { type: 1 } } },
      { name: 'sizes', op: 'Const', attr: { dtype: { type: 3 } } },
      { name: 'kernel', op: 'Const', attr: {} },
      {
        name: 'pool',
        op: 'MaxPool',
        input: ['x'],
        attr: {
          padding: text('VALID'),
          ksize: { list: { i: [1, 1, 1, 1] } },
          strides: { list: { i: ['1', '1', '1', '1'] } },
        },
      },
      { name: 'flat', op: 'Reshape', input: ['pool', 'sizes'] },
      { name: 'features', op: 'Relu', input: ['flat'] },
      { name: 'answers', op: 'MatMul', input: ['flat', 'kernel'] },
    ],
  };
  const weights = [
    { name: 'kernel', shape: [8, 2], dtype: 'float32' },
    { name: 'sizes', shape: [2], dtype: 'int32' },
  ];
  const bytes = Buffer.concat([
    Buffer.from(Float32Array.from(HALVES_KERNEL).buffer),
    Buffer.from(Int32Array.of(-1, 8).buffer),
  ]);
  const path = tfjs(topology, weights, bytes);
  await assert.rejects(importModel(path), refused('bad-output', /2 outputs: features, answers/));
  assertClose(logitsOf(await importModel(path, { output: 'answers' })), HALVES);
});

test('a SavedModel of several signatures asks for one, and explains those for text', async () => {
  const graph = new GraphBuilder();
  const output = halves(graph, graph.placeholder('pixels', [-1, 2, 2, 2]));
  const shape = [-1, 2, 2, 2];
  const outputs = { scores: { tensor: output, dtype: DataType.float, shape: [-1, 2] } };
  const signature = (dtype: number) => ({
    inputs: { x: { tensor: 'pixels', dtype, shape } },
    outputs,
  });
  const signatures = { files: signature(DataType.string), images: signature(DataType.float) };
  writeSavedModel(folder, { graph, tensors: [], signatures });
  await assert.rejects(
    importModel(folder),
    refused('bad-signature', /2 signatures: files, images/),
  );
  await assert.rejects(
    importModel(folder, { signature: 'none' }),
    refused('bad-signature', /no signature "none", only files, images/),
  );
  await assert.rejects(importModel(folder, { signature: 'files' }), (error: unknown) => {
    assert.ok(error instanceof ImportError && /"files" takes text/.test(error.message));
    return error.hint === 'name another signature: images';
  });
  assertClose(logitsOf(await importModel(folder, { signature: 'images' })), HALVES);
});

test('variables of TensorFlow 1 are found in the checkpoint by their names', async () => {
  const graph = new GraphBuilder();
  const shape = graph.int32s('shape', [-1, 8], [2]);
  const flat = graph.float('Reshape', 'flat', [graph.placeholder('x', [-1, 2, 2, 2]), shape]);
  const kernel = graph.node('VariableV2', 'layer/kernel', [], {
    dtype: graph.attr.type('float'),
    shape: graph.attr.shape([8, 2]),
  });
  const read = graph.float('Identity', 'layer/kernel/read', [kernel]);
  const scores = graph.float('MatMul', 'scores', [flat, read]);
  const float = DataType.float;
  writeSavedModel(folder, {
    graph,
    tensors: [{ name: 'layer/kernel', shape: [8, 2], data: Float32Array.from(HALVES_KERNEL) }],
    signatures: {
      serving_default: {
        inputs: { x: { tensor: 'x', dtype: float, shape: [-1, 2, 2, 2] } },
        outputs: { scores: { tensor: scores, dtype: float, shape: [-1, 2] } },
      },
    },
  });
  assertClose(logitsOf(await importModel(folder)), HALVES);
});

test('a frozen graph is read from its .pb file, by its placeholder and its last node', async () => {
  const graph = new GraphBuilder();
  halves(graph, graph.placeholder('x', [-1, 2, 2, 2]));
  const path = join(folder, 'frozen.pb');
  writeFileSync(path, toBinary(GraphDefSchema, create(GraphDefSchema, { node: graph.nodes })));
  const imported = await importModel(path);
  assert.equal(imported.format, 'frozen-graph');
  assertClose(logitsOf(imported), HALVES);
});

test('weight files of TensorFlow.js outside of its folder are refused', async () => {
  const path = tfjs(SEQUENTIAL, [], new Uint8Array(0), '../w.bin');
  await assert.rejects(importModel(path), refused('bad-model', /outside of the model's folder/));
});

test('a path that holds no model says what would', async () => {
  await assert.rejects(importModel(join(folder, 'none')), refused('no-such-file', /none/));
  const text = join(folder, 'notes.txt');
  writeFileSync(text, '');
  await assert.rejects(importModel(text), refused('unknown-format', /notes/));
});

test('a PyTorch file is answered with the lines that export it', async () => {
  for (const [name, line] of [
    ['model.pth', 'torch.load("model.pth", map_location="cpu", weights_only=False)'],
    ['model.safetensors', 'load_state_dict(load_file("model.safetensors"))'],
  ]) {
    const path = join(folder, name);
    writeFileSync(path, '');
    await assert.rejects(importModel(path), (error: unknown) => {
      assert.ok(error instanceof ImportError && error.code === 'pytorch-file');
      assert.ok(error.hint?.includes(line), error.hint);
      assert.match(error.hint ?? '', /torch\.onnx\.export\(model, .*"model\.onnx"\)/);
      return true;
    });
  }
});

test("this program's own folders come in as SavedModels too", async () => {
  await saveNetwork(folder, richNetwork, randomWeights(richNetwork));
  const { format, network } = await importModel(folder);
  assert.equal(format, 'savedmodel');
  assert.equal(network.classes, 5);
  await assert.rejects(importModel(folder, { output: 'absent' }), refused('bad-output', /absent/));
});

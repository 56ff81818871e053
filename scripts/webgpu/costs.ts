/** What tasks give the GPU to do, and what memory they leave: neither depends on how fast it is. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { range } from '../../src/arrays.ts';
import { ascend, Oracle } from '../../src/attacks/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import { buildNetwork, initialWeights, Model, type Network } from '../../src/models/index.ts';
import { TemperatureOptimizer } from '../../src/training/optimizer.ts';
import { TrainingStep } from '../../src/training/step.ts';

const BATCH = 2;

export interface Cost {
  readonly what: string;
  /** Programs of a GPU that were run; they are as many for every size of a batch. */
  readonly dispatches: number;
  /** Bytes of tensors for one image. */
  readonly sent: number;
  readonly received: number;
}

/** The parts of TensorFlow.js's backend that are watched. */
interface Watched {
  runWebGPUProgram(...args: unknown[]): unknown;
  uploadToGPU(dataId: object): void;
  read(dataId: object): Promise<tf.BackendValues>;
  readonly tensorMap: {
    get(dataId: object): { readonly values?: tf.BackendValues | null; readonly resource?: object };
  };
}

const bytesOf = (values: tf.BackendValues | null | undefined) =>
  ArrayBuffer.isView(values) ? values.byteLength : 0;

/** What a task costs once it has run before. */
async function costOf(what: string, task: () => Promise<unknown>): Promise<Cost> {
  await task();
  const cost = { what, dispatches: 0, sent: 0, received: 0 };
  const backend = tf.backend() as unknown as Watched;
  const { runWebGPUProgram, uploadToGPU, read, tensorMap } = backend;
  backend.runWebGPUProgram = (...args) => {
    cost.dispatches++;
    return runWebGPUProgram.apply(backend, args);
  };
  backend.uploadToGPU = (dataId) => {
    const { resource, values } = tensorMap.get(dataId);
    if (!resource) cost.sent += bytesOf(values);
    uploadToGPU.call(backend, dataId);
  };
  backend.read = async (dataId) => {
    const isThere = ArrayBuffer.isView(tensorMap.get(dataId).values);
    const values = await read.call(backend, dataId);
    if (!isThere) cost.received += bytesOf(values);
    return values;
  };
  try {
    await task();
    return { ...cost, sent: cost.sent / BATCH, received: cost.received / BATCH };
  } finally {
    Object.assign(backend, { runWebGPUProgram, uploadToGPU, read });
  }
}

interface Examples {
  readonly images: Float32Array;
  readonly targets: Float32Array;
}

function examplesOf({ network, classes }: Model, stream: RandomStream): Examples {
  const size = BATCH * network.inputShape.reduce((a, b) => a * b);
  const targets = new Float32Array(BATCH * classes);
  for (const i of range(BATCH)) targets[i * classes + i] = 1;
  return {
    images: Float32Array.from({ length: size }, () => stream.uniform()),
    targets,
  };
}

function startTraining(network: Network) {
  const stream = new RandomStream(1, network.architecture);
  const model = new Model(network, initialWeights(network, 1, stream), 1);
  const examples = examplesOf(model, stream);
  const step = new TrainingStep(model, new TemperatureOptimizer(model, 'adam', 1), 1);
  return { model, examples, stream, step: () => step.run(examples, stream) };
}

/** Steps of PGD that give up no image. */
function pgd(oracle: Oracle, { images }: Examples, stream: RandomStream, steps: number) {
  return ascend({
    oracle,
    batch: {
      images,
      labels: new Int32Array(BATCH),
      streams: range(BATCH).map((i) => stream.child(i)),
    },
    goal: { kind: 'untargeted' },
    threat: { norm: 'Linf', eps: 0.1 },
    loss: 'margin',
    steps,
    stepSize: 0.1 / steps,
    restarts: 1,
    randomStart: false,
    momentum: 0,
    sparsity: 0,
    confidence: Number.POSITIVE_INFINITY,
  });
}

/** What one step more costs. */
async function costOfStep(what: string, run: (steps: number) => Promise<unknown>): Promise<Cost> {
  const [two, three] = [await costOf(what, () => run(2)), await costOf(what, () => run(3))];
  return {
    what,
    dispatches: three.dispatches - two.dispatches,
    sent: three.sent - two.sent,
    received: three.received - two.received,
  };
}

/** Of the tasks that every command is made of. */
export async function measureCosts(): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const network of [
    buildNetwork('cnn', [28, 28, 1], 10),
    buildNetwork('papernot-cifar', [32, 32, 3], 10),
  ]) {
    const { model, examples, step, stream } = startTraining(network);
    const oracle = new Oracle(model.classifier(network.architecture));
    const tasks: [string, () => Promise<unknown>][] = [
      ['training step', step],
      ['forward', () => oracle.logits(examples.images)],
      ['input gradient', () => oracle.backward(examples.images, (logits) => logits.map(() => 1))],
    ];
    for (const [what, task] of tasks) {
      costs.push(await costOf(`${network.architecture}, ${what}`, task));
    }
    costs.push(
      await costOfStep(`${network.architecture}, step of PGD`, (steps) =>
        pgd(oracle, examples, stream, steps),
      ),
    );
    model.dispose();
  }
  return costs;
}

export interface Memory {
  readonly tensors: number;
  readonly bytes: number;
  /** Of the backend's buffers, in use or kept. */
  readonly onDevice: number;
  readonly resident: number;
}

function memoryNow(): Memory {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { numTensors, numBytes } = tf.memory();
  const { bufferManager } = tf.backend() as unknown as {
    bufferManager: { numBytesAllocated: number };
  };
  const onDevice = bufferManager.numBytesAllocated;
  return { tensors: numTensors, bytes: numBytes, onDevice, resident: process.memoryUsage().rss };
}

/** Memory before and after so many training steps of a network, once it is warm. */
export async function memoryOver(
  network: Network,
  steps: number,
): Promise<readonly [Memory, Memory]> {
  const { model, step } = startTraining(network);
  for (let i = 0; i < steps / 4; i++) await step();
  const before = memoryNow();
  for (let i = 0; i < steps; i++) await step();
  const after = memoryNow();
  model.dispose();
  return [before, after];
}

/** The engine `webgpu` with stand-ins for its packages: what happens where there is no GPU, or it fails. */
import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startBrowserWebgpu } from '../../src/engine/browser.ts';
import { registerWebgpu } from '../../src/engine/webgpu.ts';
import { RunError } from '../../src/errors.ts';

type Load = NonNullable<Parameters<typeof registerWebgpu>[0]>;

/** A device whose faults are told when the test wants it. */
class FakeDevice {
  lose: (info: { message: string }) => void = () => {};
  tell: (event: { error: Error }) => void = () => {};
  readonly lost = new Promise<{ message: string }>((resolve) => {
    this.lose = resolve;
  });
  addEventListener(_: string, listener: (event: { error: Error }) => void): void {
    this.tell = listener;
  }
}

/** TensorFlow.js's backend as far as ours relies on it. */
class FakeBackend extends tf.KernelBackend {
  static refusal: Error | undefined;
  readonly tensorMap = new Map<object, { values: tf.BackendValues | null }>();
  readonly destroyed: number[] = [];
  readonly bufferManager = {
    freeBuffers: new Map<string, { size: number; destroy(): void }[]>(),
    numFreeBuffers: 0,
    numBytesUsed: 2 ** 20,
    numBytesAllocated: 2 ** 20,
  };
  override async read(_: object): Promise<tf.BackendValues> {
    if (FakeBackend.refusal) throw FakeBackend.refusal;
    return Float32Array.of(1);
  }
  submitQueue(): void {}
  uploadToGPU(_: object): void {
    throw new RangeError('createBuffer failed');
  }
  override dispose(): void {}
}

const device = new FakeDevice();
const info = {
  vendor: 'acme',
  architecture: 'one',
  description: 'driver 1',
  isFallbackAdapter: true,
};
const working = { info, limits: {}, requestDevice: async () => device };
const packages =
  (adapter: object | null): Load =>
  async <Module>(name: string) =>
    (name === 'webgpu'
      ? { create: () => ({ requestAdapter: async () => adapter }), globals: {} }
      : { WebGPUBackend: FakeBackend }) as Module;

// Those that are replaced are there.
const FUNCTIONS = ['Log', 'Sigmoid', 'Acosh', 'Asinh', 'Atanh', 'Softmax'];
const CONVOLUTIONS = ['Conv2D', 'FusedConv2D', 'Conv2DBackpropFilter'];
for (const kernelName of [...FUNCTIONS, ...CONVOLUTIONS]) {
  const kernelFunc = () => assert.fail("the package's own kernel");
  tf.registerKernel({ kernelName, backendName: 'webgpu', kernelFunc });
}

const codeOf = (error: unknown) => (error instanceof RunError ? error.code : error);

test('what is missing is said: an adapter, a device', async () => {
  const requestDevice = async () => {
    throw new Error('limit too high');
  };
  for (const [adapter, reason] of [
    [null, /no GPU with a driver/],
    [{ ...working, requestDevice }, /limit too high/],
  ] as const) {
    const error = await registerWebgpu(packages(adapter)).catch((caught) => caught);
    assert.ok(error instanceof RunError);
    assert.equal(error.code, 'no-webgpu');
    assert.equal(error.exitCode, 3);
    assert.match(error.message, reason);
  }
});

test('a browser without WebGPU says so', async () => {
  const error = await startBrowserWebgpu(FakeBackend as never).catch((caught) => caught);
  assert.equal(codeOf(error), 'no-webgpu');
  assert.match(error.message, /this browser has no WebGPU/);
});

test('registered once, it says the adapter; a fault of the GPU ends every wait for values', async () => {
  const name = 'acme one (driver 1), in software: slower than `native`';
  assert.equal(await registerWebgpu(packages(working)), name);
  assert.equal(await registerWebgpu(packages(null)), name);

  const restarted = async (): Promise<FakeBackend> => {
    tf.engine().reset();
    await tf.setBackend('webgpu');
    return tf.backend() as FakeBackend;
  };
  const read = (backend: FakeBackend) => backend.read({}).catch(codeOf);
  class GPUValidationError extends Error {}
  class GPUOutOfMemoryError extends Error {}

  const first = await restarted();
  assert.deepEqual(await read(first), Float32Array.of(1));
  device.tell({ error: new GPUValidationError('bad shader\nline 2') });
  for (const _ of [1, 2]) assert.equal(await read(first), 'gpu-fault');

  const second = await restarted();
  device.tell({ error: new GPUOutOfMemoryError('full') });
  assert.equal(await read(second), 'gpu-memory');

  const third = await restarted();
  assert.throws(() => third.uploadToGPU({}), { code: 'gpu-memory' });
  FakeBackend.refusal = new Error('mapping was aborted');
  assert.equal(await read(third), FakeBackend.refusal, 'a fault that nobody tells of');
  device.lose({ message: 'driver was reset\nmore' });
  assert.equal(await read(third), 'gpu-lost');
  FakeBackend.refusal = undefined;
});

test('values on the device need a wait, values that never went there do not', () => {
  const backend = tf.backend() as FakeBackend;
  const [here, there] = [{}, {}];
  backend.tensorMap.set(here, { values: Float32Array.of(2) });
  backend.tensorMap.set(there, { values: null });
  assert.deepEqual(backend.readSync(here), Float32Array.of(2));
  assert.throws(() => backend.readSync(there), { code: 'gpu-waits' });
});

test('free buffers are given back where they are far more than was ever in use', () => {
  const backend = tf.backend() as FakeBackend;
  const { bufferManager: buffers, destroyed } = backend;
  const free = (size: number) => {
    buffers.freeBuffers.set(String(size), [{ size, destroy: () => destroyed.push(size) }]);
    buffers.numFreeBuffers++;
    buffers.numBytesAllocated += size;
    backend.submitQueue();
  };
  free(2 ** 25);
  assert.deepEqual(destroyed, []);
  free(2 ** 27);
  assert.deepEqual(destroyed, [2 ** 25, 2 ** 27]);
  assert.equal(buffers.numBytesAllocated, 2 ** 20);
  assert.equal(buffers.numFreeBuffers, 0);
});

/**
 * TensorFlow.js's WebGPU backend on a GPU, in Node.js and in pages alike. What this adds is that a fault of
 * the GPU, and values that cannot be waited for, each end with one clear error, and that memory of
 * tensors of sizes that do not come again is given back.
 */
import * as tf from '@tensorflow/tfjs-core';
import { RunError } from '../errors.ts';
import { registerConvolutions } from './webgpu-convolutions.ts';
import { correctKernels, correctProgram } from './webgpu-kernels.ts';
import type { Program } from './webgpu-programs.ts';

/** The limits that kernels may need more of than WebGPU's defaults, as TensorFlow.js asks for them. */
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
];

/** Buffers are kept for tensors of the same size until they are this many times what was in use. */
const MOST_KEPT = 4;
/** In bytes; less than this is always kept. */
const ALWAYS_KEPT = 2 ** 26;

interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** Whether it computes on the processor. */
  readonly isFallbackAdapter?: boolean;
}

interface Device {
  readonly lost: Promise<{ readonly message: string }>;
  addEventListener(
    type: 'uncapturederror',
    listener: (event: { readonly error: Error }) => void,
  ): void;
}

interface Adapter {
  readonly info: AdapterInfo;
  readonly limits: Readonly<Record<string, number>>;
  requestDevice(options: { readonly requiredLimits: object }): Promise<Device>;
}

/** WebGPU, as far as it is used. */
export interface Gpu {
  requestAdapter(options: { readonly powerPreference: string }): Promise<Adapter | null>;
}

/** The parts of TensorFlow.js's backend that are used or changed here. */
interface WebgpuBackend extends tf.KernelBackend {
  readonly bufferManager: {
    readonly freeBuffers: Map<string, { readonly size: number; destroy(): void }[]>;
    numFreeBuffers: number;
    numBytesUsed: number;
    numBytesAllocated: number;
  };
  readonly tensorMap: { get(dataId: object): { readonly values: tf.BackendValues | null } };
  runWebGPUProgram(program: Program, ...rest: readonly unknown[]): tf.TensorInfo;
  submitQueue(): void;
  uploadToGPU(dataId: object): void;
}

/** `WebGPUBackend` of the package. */
export type WebgpuBackendClass = new (device: Device, info: AdapterInfo) => WebgpuBackend;

export const CHOOSE_ANOTHER = 'choose another engine';

export function missing(what: string, hint: string, cause?: unknown): RunError {
  return new RunError('no-webgpu', `the engine 'webgpu' cannot be used: ${what}`, { hint, cause });
}

/** What a fault of the GPU means for the one who waits for a result. */
function faultOf(error: Error): RunError {
  const [reason] = error.message.split('\n');
  return error.constructor.name === 'GPUOutOfMemoryError'
    ? outOfMemory(error)
    : new RunError('gpu-fault', `the GPU reports a fault: ${reason}`, {
        hint: CHOOSE_ANOTHER,
        cause: error,
      });
}

function outOfMemory(cause: unknown): RunError {
  return new RunError('gpu-memory', 'the GPU has not enough memory', {
    hint: 'use smaller batches; what was saved is kept',
    cause,
  });
}

/** TensorFlow.js's backend on a device whose faults become errors. */
function faultAware(Backend: WebgpuBackendClass): WebgpuBackendClass {
  return class extends Backend {
    #fault: RunError | undefined;
    #mostUsed = 0;

    constructor(device: Device, info: AdapterInfo) {
      super(device, info);
      device.addEventListener('uncapturederror', ({ error }) => {
        this.#fault ??= faultOf(error);
      });
      device.lost.then(({ message }) => {
        this.#fault ??= new RunError('gpu-lost', `the GPU was lost: ${message.split('\n')[0]}`, {
          hint: 'run the same command again: what was saved is kept',
        });
      });
    }

    override async read(dataId: object): Promise<tf.BackendValues> {
      try {
        const values = await super.read(dataId);
        if (this.#fault === undefined) return values;
      } catch (error) {
        // The reason of a refused read may be told after the refusal.
        await new Promise((resolve) => setTimeout(resolve));
        if (this.#fault === undefined) throw error;
      }
      throw this.#fault;
    }

    override readSync(dataId: object): tf.BackendValues {
      const { values } = this.tensorMap.get(dataId);
      if (values !== null && values !== undefined) return values;
      throw new RunError(
        'gpu-waits',
        "the engine 'webgpu' cannot read values without waiting: `dataSync` and `arraySync` do not work",
        { hint: `read them with \`await\` (\`data\`, \`array\`), or ${CHOOSE_ANOTHER}` },
      );
    }

    override runWebGPUProgram(program: Program, ...rest: readonly unknown[]): tf.TensorInfo {
      correctProgram(program);
      return super.runWebGPUProgram(program, ...rest);
    }

    override uploadToGPU(dataId: object): void {
      try {
        super.uploadToGPU(dataId);
      } catch (error) {
        throw error instanceof RangeError ? outOfMemory(error) : error;
      }
    }

    override submitQueue(): void {
      super.submitQueue();
      // Nothing that is not submitted refers to a free buffer now.
      const { bufferManager: buffers } = this;
      this.#mostUsed = Math.max(this.#mostUsed, buffers.numBytesUsed);
      if (buffers.numBytesAllocated <= MOST_KEPT * this.#mostUsed + ALWAYS_KEPT) return;
      for (const buffer of [...buffers.freeBuffers.values()].flat()) {
        buffers.numBytesAllocated -= buffer.size;
        buffer.destroy();
      }
      for (const key of buffers.freeBuffers.keys()) buffers.freeBuffers.set(key, []);
      buffers.numFreeBuffers = 0;
      this.#mostUsed = buffers.numBytesUsed;
    }
  };
}

/**
 * Registers the backend `webgpu` on a GPU of that interface.
 *
 * @param gpu `navigator.gpu`, or what stands for it
 * @param Backend the package's class
 * @param construct what calls its constructor
 * @returns the adapter in words, such as `NVIDIA: 550.54`
 * @throws RunError `no-webgpu` with what is missing
 */
export async function registerOn(
  gpu: Gpu,
  Backend: WebgpuBackendClass,
  construct: (make: () => tf.KernelBackend) => tf.KernelBackend = (make) => make(),
): Promise<string> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw missing(
      'no GPU with a driver for Vulkan, Metal or D3D12 was found',
      "install the GPU's driver (on Linux with libvulkan1), or choose another engine",
    );
  }
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  const device = await adapter.requestDevice({ requiredLimits }).catch((cause) => {
    throw missing(`the GPU refuses: ${cause.message}`, CHOOSE_ANOTHER, cause);
  });
  const { info } = adapter;
  const FaultAware = faultAware(Backend);
  correctKernels();
  registerConvolutions();
  // In pages the package registers one itself.
  if (tf.findBackendFactory('webgpu')) tf.removeBackend('webgpu');
  // This also keeps `gpu`: where nothing refers to it, no wait ends, and the process does.
  tf.registerBackend('webgpu', () => construct(() => new FaultAware(device, info)), 0);
  const name = [info.vendor, info.architecture].filter(Boolean).join(' ');
  const description = info.description && ` (${info.description})`;
  const software = info.isFallbackAdapter ? ', in software: slower than `native`' : '';
  return `${name}${description}${software}`;
}

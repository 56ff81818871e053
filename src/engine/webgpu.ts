/**
 * WebGPU in Node.js, made of two optional peers: `webgpu` (Dawn, which finds the GPU's driver) and
 * `@tensorflow/tfjs-backend-webgpu` (TensorFlow.js's kernels for it).
 */
import { type Gpu, missing, registerOn, type WebgpuBackendClass } from './webgpu-device.ts';

const DAWN: string = 'webgpu';
const KERNELS: string = '@tensorflow/tfjs-backend-webgpu';

interface DawnModule {
  create(options: string[]): Gpu;
  readonly globals: object;
}

async function importPeer<Module>(name: string): Promise<Module> {
  try {
    return await import(name);
  } catch (cause) {
    const isAbsent = (cause as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    const [reason] = String(cause instanceof Error ? cause.message : cause).split('\n');
    const what = isAbsent ? `the package ${name} is not installed` : `${name}: ${reason}`;
    throw missing(what, `install the packages ${DAWN} and ${KERNELS}`, cause);
  }
}

/** Runs `body` where the backend finds the GPU as pages do: at `navigator.gpu`. */
function withNavigator<Result>(gpu: Gpu, body: () => Result): Result {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return body();
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  }
}

/** What was found when the backend was registered, in words. */
let adapterName: string | undefined;

/**
 * Registers the backend `webgpu`, unless it is.
 *
 * @param load imports one of the two packages
 * @returns the adapter in words
 * @throws RunError `no-webgpu` with what is missing
 */
export async function registerWebgpu(load = importPeer): Promise<string> {
  if (adapterName !== undefined) return adapterName;
  const { create, globals } = await load<DawnModule>(DAWN);
  const { WebGPUBackend } = await load<{ WebGPUBackend: WebgpuBackendClass }>(KERNELS);
  Object.assign(globalThis, globals);
  const gpu = create([]);
  adapterName = await registerOn(gpu, WebGPUBackend, (make) => withNavigator(gpu, make));
  return adapterName;
}

import {
  Cast,
  type CastAttrs,
  getKernelsForBackend,
  Identity,
  type KernelFunc,
  Reshape,
  registerKernel,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { CompiledBackend } from './backend.ts';

/** What a kernel is called with: tensors by name, and TensorFlow.js's attributes for it. */
export interface Call<Names extends string, Attrs = object, Optional extends string = never> {
  readonly inputs: Readonly<Record<Names, TensorInfo> & Partial<Record<Optional, TensorInfo>>>;
  readonly attrs: Attrs;
  readonly backend: CompiledBackend;
}

/**
 * A compiled kernel under its TensorFlow.js name. `run` returns undefined for operands that it
 * does not cover (other types, rare geometries); the inherited kernel then takes the call.
 */
export interface CompiledKernel {
  readonly name: string;
  readonly run: (call: AnyCall) => TensorInfo | TensorInfo[] | undefined;
}

type AnyCall = Parameters<KernelFunc>[0];

export function kernel<Names extends string, Attrs = object, Optional extends string = never>(
  name: string,
  run: (call: Call<Names, Attrs, Optional>) => TensorInfo | TensorInfo[] | undefined,
): CompiledKernel {
  return { name, run: (call) => run(call as unknown as Call<Names, Attrs, Optional>) };
}

/** Whether an inherited kernel only gives a tensor's values another shape or another owner. */
const isView = (name: string, { inputs, attrs }: AnyCall): boolean =>
  name === Identity ||
  name === Reshape ||
  (name === Cast && inputs.x?.dtype === (attrs as unknown as CastAttrs).dtype);

/** Registers the inherited kernels for a backend, with the compiled ones in front of them. */
export function registerKernels(backendName: string, compiled: readonly CompiledKernel[]): void {
  const inherited = new Map<string, KernelFunc>();
  for (const { kernelName, kernelFunc } of getKernelsForBackend('cpu')) {
    inherited.set(kernelName, (call) => {
      if (!isView(kernelName, call))
        (call.backend as CompiledBackend).leaveToJavaScript(kernelName);
      return kernelFunc(call);
    });
  }
  for (const { name, run } of compiled) {
    const fallback = inherited.get(name);
    inherited.set(name, (call) => {
      const result = run(call);
      if (result !== undefined) return result;
      if (fallback === undefined)
        throw new TypeError(`${name}: only float32 tensors are supported`);
      return fallback(call);
    });
  }
  for (const [kernelName, kernelFunc] of inherited) {
    registerKernel({ kernelName, backendName, kernelFunc });
  }
}

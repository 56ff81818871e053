/** Small WGSL programs, and the kernels of TensorFlow.js's WebGPU backend that run them. */
import * as tf from '@tensorflow/tfjs-core';

/** A program as the backend runs it. */
export interface Program {
  /** Names the WGSL among programs with inputs of the same ranks and types; the backend keeps it compiled. */
  shaderKey: string;
  readonly outputShape: number[];
  readonly variableNames: readonly string[];
  /** How many numbers an element of each input's array is, and of the output's; absent: 1. */
  readonly variableComponents?: readonly number[];
  readonly outputComponent?: number;
  /** Members of the WGSL structure `uniforms`, each with a comma. */
  readonly uniforms?: string;
  readonly workgroupSize: readonly [number, number, number];
  readonly dispatchLayout: { readonly x: readonly number[] };
  readonly dispatch: readonly [number, number, number];
  /** Whether `uniforms.size` is the number of output elements. */
  readonly size?: boolean;
  getUserCode(): string;
}

/** The value of a member of `uniforms`. */
export interface Uniform {
  readonly type: 'int32';
  readonly data: readonly number[];
}

/** What a kernel is called with. */
export interface Call<Input extends string, Optional extends string = never> {
  readonly inputs: Readonly<
    Record<Input, tf.TensorInfo> & Partial<Record<Optional, tf.TensorInfo>>
  >;
  readonly attrs: object;
  readonly backend: {
    runWebGPUProgram(
      program: Program,
      inputs: readonly tf.TensorInfo[],
      dtype: tf.DataType,
      uniforms?: readonly Uniform[],
    ): tf.TensorInfo;
    disposeData(dataId: object): void;
  };
}

export type Kernel<Input extends string, Optional extends string = never> = (
  call: Call<Input, Optional>,
) => tf.TensorInfo;

const WORKGROUP = 64;

/**
 * A program of one input with so many invocations.
 * @param code WGSL of one invocation, which knows its `index`
 */
export function programOf(
  shaderKey: string,
  outputShape: number[],
  invocations: number,
  code: string,
): Program {
  return {
    shaderKey,
    outputShape,
    variableNames: ['X'],
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: outputShape.map((_, axis) => axis) },
    dispatch: [Math.ceil(invocations / WORKGROUP), 1, 1],
    size: true,
    getUserCode: () => `fn main(index : i32) { ${code} }`,
  };
}

/**
 * Registers a kernel of the backend `webgpu` in place of what is there.
 * @param isFor whether a call is for this kernel; what is not goes to the one that was there
 */
export function replaceKernel<Input extends string, Optional extends string = never>(
  kernelName: string,
  kernel: Kernel<Input, Optional>,
  isFor: (call: Call<Input, Optional>) => boolean = () => true,
): void {
  const { kernelFunc: before } = tf.getKernel(kernelName, 'webgpu');
  tf.unregisterKernel(kernelName, 'webgpu');
  const kernelFunc: tf.KernelFunc = (params) => {
    const call = params as unknown as Call<Input, Optional>;
    return isFor(call) ? kernel(call) : before(params);
  };
  tf.registerKernel({ kernelName, backendName: 'webgpu', kernelFunc });
}

/**
 * Kernels that TensorFlow.js's WebGPU backend computes wrongly, as small WGSL programs, and those that it
 * lacks, which are refused by name. `npm run test:webgpu` finds both.
 */
import * as tf from '@tensorflow/tfjs-core';
import { RunError } from '../errors.ts';
import { type Kernel, type Program, programOf, replaceKernel } from './webgpu-programs.ts';

/** Functions of one number that make a number of NaN on some drivers, as WGSL leaves open. */
const UNARY: Readonly<Record<string, string>> = {
  [tf.Log]: 'select(log(x), uniforms.NAN, x < 0.0)',
  [tf.Sigmoid]: '1.0 / (1.0 + exp(-x))',
  [tf.Acosh]: 'select(acosh(x), uniforms.NAN, x < 1.0)',
  [tf.Asinh]: 'asinh(x)',
  [tf.Atanh]:
    'select(select(atanh(x), x * uniforms.INFINITY, abs(x) == 1.0), uniforms.NAN, abs(x) > 1.0)',
};

function unary(name: string, value: string): Kernel<'x'> {
  const code = `
    if (index < uniforms.size) {
      let x = getXByOutputIndex(index);
      setOutputAtIndex(index, select(${value}, uniforms.NAN, isnan(x)));
    }`;
  return ({ inputs: { x }, backend }) => {
    const program = programOf(`distill_${name}`, x.shape, tf.util.sizeFromShape(x.shape), code);
    return backend.runWebGPUProgram(program, [x], 'float32');
  };
}

/** Along the last axis, the only one that TensorFlow.js asks for; one NaN makes its row NaN. */
const softmax: Kernel<'logits'> = ({ inputs: { logits }, backend }) => {
  const columns = logits.shape[logits.shape.length - 1];
  const rows = tf.util.sizeFromShape(logits.shape) / columns;
  const code = `
    let columns = uniforms.outShape[1];
    let first = index * columns;
    if (first < uniforms.size) {
      var largest = X[first];
      var hasNan = false;
      for (var c = first; c < first + columns; c++) {
        largest = max(largest, X[c]);
        hasNan = hasNan || isnan(X[c]);
      }
      var sum = 0.0;
      for (var c = first; c < first + columns; c++) {
        sum += exp(X[c] - largest);
      }
      for (var c = first; c < first + columns; c++) {
        setOutputAtIndex(c, select(exp(X[c] - largest) / sum, uniforms.NAN, hasNan));
      }
    }`;
  const program = programOf('distill_Softmax', [rows, columns], rows, code);
  const matrix = { ...logits, shape: [rows, columns] };
  const result = backend.runWebGPUProgram(program, [matrix], 'float32');
  return { ...result, shape: logits.shape };
};

/**
 * Puts right what is registered for the backend `webgpu`. A kernel that another engine has and this one has
 * not ends with RunError `no-kernel`.
 */
export function correctKernels(): void {
  for (const [name, value] of Object.entries(UNARY)) replaceKernel(name, unary(name, value));
  replaceKernel(tf.Softmax, softmax);
  const own = new Set(tf.getKernelsForBackend('webgpu').map(({ kernelName }) => kernelName));
  for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
    if (own.has(kernelName)) continue;
    const kernelFunc = (): never => {
      throw new RunError('no-kernel', `the engine 'webgpu' has no kernel ${kernelName}`, {
        hint: 'choose another engine',
      });
    };
    tf.registerKernel({ kernelName, backendName: 'webgpu', kernelFunc });
  }
}

/**
 * Puts one of the backend's own programs right before it is compiled. Running sums have their length in the WGSL
 * and not in its key: another length would run the first one's. Of equal values in a window of a max-pool the first
 * one gets the gradient in all other engines, here the last one: black images are full of them.
 */
export function correctProgram(program: Program): void {
  const { shaderKey, outputShape } = program;
  if (shaderKey.startsWith('cum_')) program.shaderKey += `_${outputShape[outputShape.length - 1]}`;
  if (shaderKey.startsWith('pool2D_max_true')) {
    const code = program.getUserCode();
    program.getUserCode = () =>
      code.replace(
        'value >= currMaxValue',
        'select(value >= currMaxValue, value > currMaxValue, maxValueFound > 0.0)',
      );
  }
}

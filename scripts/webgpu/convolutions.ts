/** Convolutions of many shapes with bias and ReLU, and the gradients of their filters, beside the engine `cpu`. */
import * as tf from '@tensorflow/tfjs-core';
import { convReluPool, RandomStream, valuesOf } from '../../src/engine/index.ts';
import { type Difference, difference } from './difference.ts';

const SHAPES = 40;

/** Few and many terms, channels that are vectors and such that are not, rows that fill slices and do not. */
function drawn(stream: RandomStream) {
  const pick = <Value>(...values: readonly Value[]): Value => values[stream.integer(values.length)];
  const channels = pick(1, 2, 3, 4, 8);
  return {
    images: [pick(1, 2, 5, 17), pick(5, 6, 9, 14), pick(5, 7, 12), channels],
    filter: [pick(1, 2, 3, 5), pick(1, 2, 3), channels, pick(1, 3, 4, 8, 12)],
    strides: [pick(1, 2, 3), pick(1, 2)] as [number, number],
    pad: pick('same', 'valid'),
  } as const;
}

/** On the backend that runs: the block's output, and the gradient of its squares by the filter. */
async function resultsOf(
  { images, filter, strides, pad }: ReturnType<typeof drawn>,
  stream: RandomStream,
): Promise<Float32Array[]> {
  const tensor = (name: string, shape: readonly number[]) => {
    const child = stream.child(name);
    const size = tf.util.sizeFromShape([...shape]);
    return tf.tensor(
      Float32Array.from({ length: size }, () => child.normal()),
      [...shape],
    );
  };
  const x = tensor('images', images) as tf.Tensor4D;
  const w = tensor('filter', filter) as tf.Tensor4D;
  const bias = tensor('bias', filter.slice(3)) as tf.Tensor1D;
  const block = (at: tf.Tensor) =>
    convReluPool(x, at as tf.Tensor4D, bias, { strides, pad, dilations: [1, 1], pool: 1 });
  const results = [
    await valuesOf(() => block(w)),
    await valuesOf(() => tf.grad((at) => tf.sum(tf.square(block(at))))(w)),
  ];
  tf.dispose([x, w, bias]);
  return results;
}

/** The largest difference of all shapes, of outputs and of gradients. */
export async function compareConvolutions(): Promise<readonly Difference[]> {
  const before = tf.getBackend();
  const stream = new RandomStream(1, 'convolutions');
  let worst: readonly Difference[] = [];
  for (let i = 0; i < SHAPES; i++) {
    const shapes = drawn(stream);
    const values = stream.child(i);
    const found = await resultsOf(shapes, values);
    await tf.setBackend('cpu');
    const wanted = await resultsOf(shapes, values);
    await tf.setBackend(before);
    const offs = ['outputs', 'gradients of filters'].map((what, part) =>
      difference(`convolutions, ${what}`, found[part], wanted[part]),
    );
    worst = offs.map((off, part) => (off.share <= (worst[part]?.share ?? 0) ? worst[part] : off));
  }
  return worst;
}

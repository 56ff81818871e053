/** The benchmark's network, its loss and all its gradients in float64. */
import * as reference from './reference.ts';

const valid = { padTop: 0, padBottom: 0, padLeft: 0, padRight: 0 };
const unit = { strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1 };

function conv(batch: number, size: number, inChannels: number, outChannels: number) {
  const image = { batch, inHeight: size, inWidth: size, inChannels, outChannels };
  return { ...image, kernelHeight: 3, kernelWidth: 3, ...valid, ...unit };
}

function pool(batch: number, size: number, channels: number) {
  const image = {
    batch,
    inHeight: size,
    inWidth: size,
    inChannels: channels,
    outChannels: channels,
  };
  const window = { kernelHeight: 2, kernelWidth: 2, strideHeight: 2, strideWidth: 2 };
  return { ...image, ...valid, ...unit, ...window };
}

const relu = (values: Float64Array) => values.map((value) => Math.max(0, value));

function columnSums(values: Float64Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  values.forEach((value, i) => {
    sums[i % columns] += value;
  });
  return sums;
}

/**
 * @param weights in the order of `SHAPES`
 * @param images `[batch, 28, 28, 1]`
 * @returns the mean cross-entropy and its gradients by each weight and by the images
 */
export function lossAndGradients(
  weights: readonly Float32Array[],
  images: Float32Array,
  labels: Int32Array,
): { loss: number; gradients: Float64Array[]; imageGradient: Float64Array } {
  const batch = labels.length;
  const [w1, b1, w2, b2, w3, b3, w4, b4] = weights;
  const [conv1, pool1] = [conv(batch, 28, 1, 32), pool(batch, 26, 32)];
  const [conv2, pool2] = [conv(batch, 13, 32, 64), pool(batch, 11, 64)];
  const { matMul } = reference;

  const z1 = relu(reference.conv2d(images, w1, b1, conv1));
  const p1 = reference.maxPool(z1, pool1);
  const z2 = relu(reference.conv2d(p1.y, w2, b2, conv2));
  const p2 = reference.maxPool(z2, pool2);
  const z3 = relu(
    matMul(p2.y, w3, [batch, 1600, 128], false, false).map((value, i) => value + b3[i % 128]),
  );
  const z4 = matMul(z3, w4, [batch, 128, 10], false, false).map((value, i) => value + b4[i % 10]);

  let loss = 0;
  const d4 = new Float64Array(z4.length);
  for (let n = 0; n < batch; n++) {
    const row = z4.subarray(n * 10, n * 10 + 10);
    const top = Math.max(...row);
    const sum = row.reduce((total, z) => total + Math.exp(z - top), 0);
    loss -= (row[labels[n]] - top - Math.log(sum)) / batch;
    row.forEach((z, i) => {
      const target = i === labels[n] ? 1 : 0;
      d4[n * 10 + i] = (Math.exp(z - top) / sum - target) / batch;
    });
  }

  const masked = (d: Float64Array, z: Float64Array) => d.map((v, i) => (z[i] > 0 ? v : 0));
  const d3 = masked(matMul(d4, w4, [batch, 10, 128], false, true), z3);
  const dp2 = matMul(d3, w3, [batch, 128, 1600], false, true);
  const d2 = masked(reference.maxPoolGrad(dp2, p2.winners, z2.length), z2);
  const dp1 = reference.conv2dBackpropInput(d2, w2, conv2);
  const d1 = masked(reference.maxPoolGrad(dp1, p1.winners, z1.length), z1);
  return {
    loss,
    gradients: [
      reference.conv2dBackpropFilter(images, d1, conv1),
      columnSums(d1, 32),
      reference.conv2dBackpropFilter(p1.y, d2, conv2),
      columnSums(d2, 64),
      matMul(p2.y, d3, [1600, batch, 128], true, false),
      columnSums(d3, 128),
      matMul(z3, d4, [128, batch, 10], true, false),
      columnSums(d4, 10),
    ],
    imageGradient: reference.conv2dBackpropInput(d1, w1, conv1),
  };
}

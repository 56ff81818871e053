/** The kernels' arithmetic in float64, written as plainly as possible. */

export interface Geometry {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly outChannels: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padBottom: number;
  readonly padLeft: number;
  readonly padRight: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
}

export function outSize(g: Geometry): [number, number] {
  const height = g.inHeight + g.padTop + g.padBottom - (g.kernelHeight - 1) * g.dilationHeight - 1;
  const width = g.inWidth + g.padLeft + g.padRight - (g.kernelWidth - 1) * g.dilationWidth - 1;
  return [Math.floor(height / g.strideHeight) + 1, Math.floor(width / g.strideWidth) + 1];
}

/** Calls `visit` with the output pixel, tap and input pixel (as indices) of each real product. */
export function forEachTap(
  g: Geometry,
  visit: (outPixel: number, tap: number, inPixel: number) => void,
): void {
  const [outHeight, outWidth] = outSize(g);
  for (let n = 0; n < g.batch; n++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let ky = 0; ky < g.kernelHeight; ky++)
          for (let kx = 0; kx < g.kernelWidth; kx++) {
            const y = oy * g.strideHeight - g.padTop + ky * g.dilationHeight;
            const x = ox * g.strideWidth - g.padLeft + kx * g.dilationWidth;
            if (y < 0 || y >= g.inHeight || x < 0 || x >= g.inWidth) continue;
            visit(
              (n * outHeight + oy) * outWidth + ox,
              ky * g.kernelWidth + kx,
              (n * g.inHeight + y) * g.inWidth + x,
            );
          }
}

type Numbers = ArrayLike<number>;

/** A filter for each channel: y[o, c] = sum over taps of x[i, c] w[tap, c], and its gradients from `dy`. */
export function depthwise(
  x: Numbers,
  w: Numbers,
  dy: Numbers,
  g: Geometry,
): { y: Float64Array; dx: Float64Array; dw: Float64Array } {
  const channels = g.inChannels;
  const [y, dx, dw] = [dy.length, x.length, w.length].map((size) => new Float64Array(size));
  forEachTap(g, (out, tap, input) => {
    for (let c = 0; c < channels; c++) {
      const [o, t, i] = [out, tap, input].map((at) => at * channels + c);
      y[o] += x[i] * w[t];
      dx[i] += dy[o] * w[t];
      dw[t] += dy[o] * x[i];
    }
  });
  return { y, dx, dw };
}

/** y[o, f] = bias[f] + sum over taps and channels of x[i, c] w[tap, c, f] */
export function conv2d(x: Numbers, w: Numbers, bias: Numbers | null, g: Geometry): Float64Array {
  const [outHeight, outWidth] = outSize(g);
  const { inChannels: c, outChannels: f } = g;
  const y = new Float64Array(g.batch * outHeight * outWidth * f);
  if (bias) for (let i = 0; i < y.length; i++) y[i] = bias[i % f];
  forEachTap(g, (out, tap, input) => {
    for (let ci = 0; ci < c; ci++) {
      const value = x[input * c + ci];
      if (value === 0) continue;
      const row = (tap * c + ci) * f;
      for (let fi = 0; fi < f; fi++) y[out * f + fi] += value * w[row + fi];
    }
  });
  return y;
}

export function conv2dBackpropInput(dy: Numbers, w: Numbers, g: Geometry): Float64Array {
  const { inChannels: c, outChannels: f } = g;
  const dx = new Float64Array(g.batch * g.inHeight * g.inWidth * c);
  forEachTap(g, (out, tap, input) => {
    for (let ci = 0; ci < c; ci++) {
      const row = (tap * c + ci) * f;
      let sum = 0;
      for (let fi = 0; fi < f; fi++) sum += dy[out * f + fi] * w[row + fi];
      dx[input * c + ci] += sum;
    }
  });
  return dx;
}

export function conv2dBackpropFilter(x: Numbers, dy: Numbers, g: Geometry): Float64Array {
  const { inChannels: c, outChannels: f } = g;
  const dw = new Float64Array(g.kernelHeight * g.kernelWidth * c * f);
  forEachTap(g, (out, tap, input) => {
    for (let ci = 0; ci < c; ci++) {
      const value = x[input * c + ci];
      if (value === 0) continue;
      const row = (tap * c + ci) * f;
      for (let fi = 0; fi < f; fi++) dw[row + fi] += value * dy[out * f + fi];
    }
  });
  return dw;
}

/** Max-pool: values and, for each output, the index of the input that won (the first maximum). */
export function maxPool(x: Numbers, g: Geometry): { y: Float64Array; winners: Int32Array } {
  const [outHeight, outWidth] = outSize(g);
  const c = g.inChannels;
  const y = new Float64Array(g.batch * outHeight * outWidth * c).fill(Number.NEGATIVE_INFINITY);
  const winners = new Int32Array(y.length).fill(-1);
  forEachTap(g, (out, _tap, input) => {
    for (let ci = 0; ci < c; ci++) {
      if (x[input * c + ci] > y[out * c + ci]) {
        y[out * c + ci] = x[input * c + ci];
        winners[out * c + ci] = input * c + ci;
      }
    }
  });
  return { y, winners };
}

export function maxPoolGrad(dy: Numbers, winners: Int32Array, size: number): Float64Array {
  const dx = new Float64Array(size);
  winners.forEach((winner, i) => {
    if (winner >= 0) dx[winner] += dy[i];
  });
  return dx;
}

/** How many pixels of each window lie inside the image. */
function pixelCounts(g: Geometry): Float64Array {
  const [outHeight, outWidth] = outSize(g);
  const counts = new Float64Array(g.batch * outHeight * outWidth);
  forEachTap(g, (out) => {
    counts[out]++;
  });
  return counts;
}

export function avgPool(x: Numbers, g: Geometry): Float64Array {
  const c = g.inChannels;
  const counts = pixelCounts(g);
  const y = new Float64Array(counts.length * c);
  forEachTap(g, (out, _tap, input) => {
    for (let ci = 0; ci < c; ci++) y[out * c + ci] += x[input * c + ci] / counts[out];
  });
  return y;
}

export function avgPoolGrad(dy: Numbers, g: Geometry): Float64Array {
  const c = g.inChannels;
  const counts = pixelCounts(g);
  const dx = new Float64Array(g.batch * g.inHeight * g.inWidth * c);
  forEachTap(g, (out, _tap, input) => {
    for (let ci = 0; ci < c; ci++) dx[input * c + ci] += dy[out * c + ci] / counts[out];
  });
  return dx;
}

/** c[i, j] = sum over p of op(a)[i, p] op(b)[p, j] */
export function matMul(
  a: Numbers,
  b: Numbers,
  [m, k, n]: readonly [number, number, number],
  transposeA: boolean,
  transposeB: boolean,
): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      for (let p = 0; p < k; p++) {
        const left = transposeA ? a[p * m + i] : a[i * k + p];
        const right = transposeB ? b[j * k + p] : b[p * n + j];
        c[i * n + j] += left * right;
      }
  return c;
}

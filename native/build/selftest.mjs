// Loads a freshly built addon in a process of its own, so that a crash is only this process's, and
// compares two kernels with the plain arithmetic. Prints what it learned as JSON.
//
//   node native/build/selftest.mjs kernels.node
import { createRequire } from 'node:module';

const kernels = createRequire(import.meta.url)(process.argv[2]);

const value = (i) => ((i * 37) % 23) / 23 - 0.5;
const floats = (length) => Float32Array.from({ length }, (_, i) => value(i));

function expectClose(actual, expected, what) {
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    if (!(error < 1e-4)) throw new Error(`${what}[${i}] is ${actual[i]}, expected ${expected[i]}`);
  }
}

function checkMatMul() {
  const [m, k, n] = [19, 33, 21];
  const a = floats(m * k);
  const b = floats(k * n);
  const c = new Float32Array(m * n);
  kernels.mat_mul(a, b, null, c, 1, m, k, n, 0, 0, 0, 0, 0);
  const expected = c.map((_, i) => {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += a[Math.floor(i / n) * k + j] * b[j * n + (i % n)];
    return sum;
  });
  expectClose(c, expected, 'mat_mul');
}

function checkConv2d() {
  const [height, width, channels, filters] = [6, 7, 5, 18];
  const [outHeight, outWidth] = [height - 2, width - 2];
  const x = floats(height * width * channels);
  const w = floats(9 * channels * filters);
  const y = new Float32Array(outHeight * outWidth * filters);
  const geometry = Int32Array.of(
    ...[1, height, width, channels, 3, 3, filters, outHeight, outWidth, 1, 1, 0, 0, 1, 1, 0],
  );
  kernels.conv2d(x, w, null, y, geometry, 0);
  const expected = y.map((_, i) => {
    const filter = i % filters;
    const column = Math.floor(i / filters) % outWidth;
    const row = Math.floor(i / filters / outWidth);
    let sum = 0;
    for (let tap = 0; tap < 9; tap++) {
      const pixel = (row + Math.floor(tap / 3)) * width + column + (tap % 3);
      for (let c = 0; c < channels; c++) {
        sum += x[pixel * channels + c] * w[(tap * channels + c) * filters + filter];
      }
    }
    return sum;
  });
  expectClose(y, expected, 'conv2d');
}

for (const threads of [1, 2]) {
  kernels.set_threads(threads);
  checkMatMul();
  checkConv2d();
}
const names = ['portable', 'avx2', 'avx512', 'neon'];
process.stdout.write(JSON.stringify({ instructionSet: names[kernels.instruction_set()] }));

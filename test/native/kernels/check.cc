// Property checks of the kernels against plain float64 loops, over random shapes, strides,
// paddings, dilations, sparsity and odd channel counts, for every instruction set of this machine
// and several thread counts. Prints one line per family and exits 1 on the first mismatch.
//
//   check [rounds] [seed]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels.h"

namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

std::mt19937 generator;
int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(generator); }
float normal() { return std::normal_distribution<float>(0, 1)(generator); }

// Normal numbers of which a share `zeros` is 0.
Floats random_floats(size_t count, double zeros = 0) {
  Floats out(count);
  for (float& x : out) {
    x = std::uniform_real_distribution<double>(0, 1)(generator) < zeros ? 0.0f : normal();
  }
  return out;
}

std::string context;
[[noreturn]] void fail(const char* what, size_t at, double got, double want) {
  std::printf("FAIL %s: %s at %zu: got %.9g, want %.9g\n", context.c_str(), what, at, got, want);
  std::exit(1);
}

// |got - want| <= tolerance * the largest |want|
void expect_close(const char* what, const Floats& got, const Doubles& want, double tolerance) {
  double scale = 0;
  for (double w : want) scale = std::max(scale, std::fabs(w));
  for (size_t i = 0; i < want.size(); ++i) {
    if (!(std::fabs(got[i] - want[i]) <= tolerance * scale)) fail(what, i, got[i], want[i]);
  }
}

void expect_same(const char* what, const Floats& got, const Floats& want) {
  for (size_t i = 0; i < want.size(); ++i) {
    if (std::memcmp(&got[i], &want[i], 4) != 0) fail(what, i, got[i], want[i]);
  }
}

// Outputs start as NaN and are framed by guards, so that an element left out or a write beyond
// the end shows up.
struct Output {
  static constexpr size_t kGuard = 32;
  Floats memory;
  size_t count;
  explicit Output(size_t count)
      : memory(count + 2 * kGuard, std::numeric_limits<float>::quiet_NaN()), count(count) {
    for (size_t i = 0; i < kGuard; ++i) memory[i] = memory[kGuard + count + i] = 12345.0f;
  }
  float* data() { return memory.data() + kGuard; }
  Floats take(const char* what) {
    for (size_t i = 0; i < kGuard; ++i) {
      if (memory[i] != 12345.0f || memory[kGuard + count + i] != 12345.0f) {
        fail((std::string(what) + " wrote outside its output").c_str(), i, 0, 0);
      }
    }
    return Floats(data(), data() + count);
  }
};

// ---- Convolution -------------------------------------------------------------------------------

struct Shape {
  int batch, inH, inW, inC, kH, kW, outC, outH, outW, sH, sW, pT, pL, dH, dW;
  std::vector<int32_t> geometry() const {
    return {batch, inH, inW, inC, kH, kW, outC, outH, outW, sH, sW, pT, pL, dH, dW, 0};
  }
  size_t images() const { return size_t(batch) * inH * inW * inC; }
  size_t outputs() const { return size_t(batch) * outH * outW * outC; }
  size_t weights() const { return size_t(kH) * kW * inC * outC; }
};

Shape random_shape(bool pooling) {
  const bool big = pick(0, 3) == 0, plain = pick(0, 3) == 0;  // plain: 3x3, stride 1
  const int channels[] = {1, 2, 3, 4, 5, 7, 8, 16, 17, 32, 33, 48, 64};
  for (;;) {
    Shape s;
    s.batch = pick(1, big ? 19 : 4);
    s.inH = pick(1, 14);
    s.inW = pick(1, 14);
    s.inC = channels[pick(0, big ? 12 : 9)];
    s.outC = channels[pick(0, big ? 12 : 9)];
    s.kH = pick(1, 5);
    s.kW = pick(0, 2) ? s.kH : pick(1, 5);
    s.sH = pick(0, 1) ? 1 : pick(1, 3);
    s.sW = pick(0, 1) ? s.sH : pick(1, 3);
    s.dH = pick(0, 2) ? 1 : pick(1, 3);
    s.dW = pick(0, 2) ? s.dH : pick(1, 3);
    if (plain) {
      s.kH = s.kW = 3;
      s.sH = s.sW = s.dH = s.dW = 1;
      s.inC = 16 * pick(1, 3);
    }
    const int extentH = (s.kH - 1) * s.dH + 1, extentW = (s.kW - 1) * s.dW + 1;
    const bool padded = pick(0, 1);
    s.pT = padded ? pick(0, extentH - 1) : 0;
    s.pL = padded ? pick(0, extentW - 1) : 0;
    const int pB = padded ? pick(0, extentH - 1) : 0, pR = padded ? pick(0, extentW - 1) : 0;
    const int roomH = s.inH + s.pT + pB - extentH, roomW = s.inW + s.pL + pR - extentW;
    if (roomH < 0 || roomW < 0) continue;
    if (pooling) s.outC = s.inC;
    s.outH = roomH / s.sH + 1;
    s.outW = roomW / s.sW + 1;
    return s;
  }
}

// Calls visit(image index, weight index, output index) for every product of the convolution.
template <class Visit>
void for_products(const Shape& s, Visit visit) {
  for (int n = 0; n < s.batch; ++n)
    for (int oh = 0; oh < s.outH; ++oh)
      for (int ow = 0; ow < s.outW; ++ow)
        for (int kh = 0; kh < s.kH; ++kh)
          for (int kw = 0; kw < s.kW; ++kw) {
            const int ih = oh * s.sH - s.pT + kh * s.dH, iw = ow * s.sW - s.pL + kw * s.dW;
            if (ih < 0 || ih >= s.inH || iw < 0 || iw >= s.inW) continue;
            for (int ic = 0; ic < s.inC; ++ic)
              for (int oc = 0; oc < s.outC; ++oc)
                visit(((size_t(n) * s.inH + ih) * s.inW + iw) * s.inC + ic,
                      ((size_t(kh) * s.kW + kw) * s.inC + ic) * s.outC + oc,
                      ((size_t(n) * s.outH + oh) * s.outW + ow) * s.outC + oc);
          }
}

// Runs a kernel with 1, 2 and 3 threads; the results must be the same to the bit.
Floats run_threads(const char* what, size_t count, const std::function<void(float*)>& kernel) {
  Floats first;
  for (int threads : {1, 2, 3}) {
    set_threads(threads);
    Output out(count);
    kernel(out.data());
    const Floats got = out.take(what);
    if (first.empty()) first = got;
    expect_same("another number of threads", got, first);
  }
  return first;
}

double activated(double v, int activation) {
  if (activation == 0) return v;
  v = std::max(v, 0.0);
  return activation == 2 ? std::min(v, 6.0) : v;
}

void describe(const Shape& s, const char* name) {
  context = name;
  for (int32_t g : s.geometry()) context += " " + std::to_string(g);
}

void check_conv() {
  const Shape s = random_shape(false);
  describe(s, "conv");
  const auto geometry = s.geometry();
  const double zeros[] = {0, 0.5, 0.75, 0.9, 1};
  const Floats x = random_floats(s.images()), w = random_floats(s.weights());
  const Floats dy = random_floats(s.outputs(), zeros[pick(0, 4)]), bias = random_floats(s.outC);
  const bool biased = pick(0, 1);
  const int activation = pick(0, 2);
  Doubles y(s.outputs()), dx(s.images()), dw(s.weights());
  for_products(s, [&](size_t i, size_t k, size_t o) {
    y[o] += double(x[i]) * w[k];
    dx[i] += double(dy[o]) * w[k];
    dw[k] += double(dy[o]) * x[i];
  });
  for (size_t o = 0; o < y.size(); ++o) {
    y[o] = activated(y[o] + (biased ? bias[o % s.outC] : 0), activation);
  }
  expect_close("conv2d",
               run_threads("conv2d", y.size(),
                           [&](float* out) {
                             kernels().conv2d(x.data(), w.data(), biased ? bias.data() : nullptr,
                                              out, geometry.data(), activation);
                           }),
               y, 1e-5);
  expect_close("conv2d_backprop_input",
               run_threads("conv2d_backprop_input", dx.size(),
                           [&](float* out) {
                             kernels().conv2d_backprop_input(dy.data(), w.data(), out,
                                                             geometry.data());
                           }),
               dx, 1e-5);
  expect_close("conv2d_backprop_filter",
               run_threads("conv2d_backprop_filter", dw.size(),
                           [&](float* out) {
                             kernels().conv2d_backprop_filter(x.data(), dy.data(), out,
                                                              geometry.data());
                           }),
               dw, 1e-5);
}

// A 3x3 kernel as networks have it before a pool of 2, padded or not: on one channel or on whole
// vectors of them, in batches of which several images are computed together.
Shape layer_shape() {
  Shape s;
  s.batch = pick(32, 50);
  s.inH = pick(4, 14);
  s.inW = pick(4, 14);
  s.inC = pick(0, 1) ? 1 : 16 * pick(1, 2);
  s.outC = pick(1, 40);
  s.kH = s.kW = 3;
  s.sH = s.sW = s.dH = s.dW = 1;
  s.pT = s.pL = pick(0, 1);
  s.outH = s.inH + 2 * s.pT - 2;
  s.outW = s.inW + 2 * s.pL - 2;
  return s;
}

// Gives most pixels one color or black, as the background of an image has.
void add_background(const Shape& s, Floats& x) {
  const int percent = pick(50, 100);
  if (pick(0, 1)) std::fill_n(x.begin(), s.inC, 0.0f);
  const size_t pixels = x.size() / s.inC;
  for (size_t p = 1; p < pixels; ++p) {
    if (pick(1, 100) <= percent) std::copy_n(x.begin(), s.inC, x.begin() + p * s.inC);
  }
}

// The inputs that an output pixel depends on, 0 where its kernel reaches beyond the image.
Floats patch_of(const Shape& s, const Floats& x, int n, int oh, int ow) {
  Floats patch;
  for (int kh = 0; kh < s.kH; ++kh)
    for (int kw = 0; kw < s.kW; ++kw) {
      const int ih = oh * s.sH - s.pT + kh * s.dH, iw = ow * s.sW - s.pL + kw * s.dW;
      const bool inside = ih >= 0 && ih < s.inH && iw >= 0 && iw < s.inW;
      for (int c = 0; c < s.inC; ++c)
        patch.push_back(inside ? x[((size_t(n) * s.inH + ih) * s.inW + iw) * s.inC + c] : 0.0f);
    }
  return patch;
}

// Of a window's outputs that depend on equal inputs the first wins, and one that depends on black
// alone is the bias.
void expect_first_winners(const Shape& s, const Floats& x, const float* bias, const float* y,
                          const uint8_t* argmax, int pool) {
  for (int n = 0; n < s.batch; ++n)
    for (int ph = 0; ph < s.outH / pool; ++ph)
      for (int pw = 0; pw < s.outW / pool; ++pw, y += s.outC, argmax += s.outC) {
        std::vector<Floats> patches;
        for (int at = 0; at < pool * pool; ++at)
          patches.push_back(patch_of(s, x, n, ph * pool + at / pool, pw * pool + at % pool));
        for (int oc = 0; oc < s.outC; ++oc) {
          if (argmax[oc] == 255) continue;
          const auto won = patches.begin() + argmax[oc];
          if (std::find(patches.begin(), won, *won) != won) {
            fail("of equal outputs a later one won", oc, argmax[oc], 0);
          }
          const bool black =
              std::all_of(won->begin(), won->end(), [](float value) { return value == 0.0f; });
          if (black && y[oc] != (bias ? bias[oc] : 0.0f)) {
            fail("an output of black pixels", oc, y[oc], bias ? bias[oc] : 0);
          }
        }
      }
}

void check_block() {
  const bool isLayer = pick(0, 3) == 0;
  const Shape s = isLayer ? layer_shape() : random_shape(false);
  const int pool = isLayer ? 2 : pick(2, 4);
  if (s.outH < pool || s.outW < pool) return;
  describe(s, "conv2d_relu_pool");
  context += " pool " + std::to_string(pool);
  const auto geometry = s.geometry();
  const int pooledH = s.outH / pool, pooledW = s.outW / pool;
  const size_t pooled = size_t(s.batch) * pooledH * pooledW * s.outC;
  Floats x = random_floats(s.images());
  if (pick(0, 1)) add_background(s, x);
  const Floats w = random_floats(s.weights());
  const Floats bias = random_floats(s.outC);
  const bool biased = pick(0, 3);
  Doubles full(s.outputs());
  for_products(s, [&](size_t i, size_t k, size_t o) { full[o] += double(x[i]) * w[k]; });
  double scale = 0;
  for (size_t o = 0; o < full.size(); ++o) {
    full[o] += biased ? bias[o % s.outC] : 0;
    scale = std::max(scale, std::fabs(full[o]));
  }
  std::vector<uint8_t> argmax(pooled + 1, 7), other(pooled + 1, 7);
  argmax[pooled] = other[pooled] = 99;
  const Floats y = run_threads("conv2d_relu_pool", pooled, [&](float* out) {
    kernels().conv2d_relu_pool(x.data(), w.data(), biased ? bias.data() : nullptr, out,
                               other.data(), geometry.data(), pool);
    argmax = other;
  });
  if (argmax[pooled] != 99) fail("argmax written beyond its end", pooled, 0, 0);
  const size_t own = pooled / s.batch, image = s.images() / s.batch;
  const int n = pick(0, s.batch - 1);
  auto alone = geometry;
  alone[0] = 1;
  Output single(own);
  kernels().conv2d_relu_pool(x.data() + n * image, w.data(), biased ? bias.data() : nullptr,
                             single.data(), other.data(), alone.data(), pool);
  expect_same("an image without its batch", single.take("conv2d_relu_pool"),
              Floats(y.begin() + n * own, y.begin() + (n + 1) * own));
  const double tolerance = 1e-5 * scale;
  // Position of (pooled index, window position) in the convolution's output.
  const auto position = [&](size_t p, int at) {
    const size_t oc = p % s.outC, pw = p / s.outC % pooledW, ph = p / s.outC / pooledW % pooledH;
    const size_t n = p / s.outC / pooledW / pooledH;
    return ((n * s.outH + ph * pool + at / pool) * s.outW + pw * pool + at % pool) * s.outC + oc;
  };
  for (size_t p = 0; p < pooled; ++p) {
    double best = 0;
    for (int at = 0; at < pool * pool; ++at) best = std::max(best, full[position(p, at)]);
    if (!(std::fabs(y[p] - best) <= tolerance)) fail("conv2d_relu_pool", p, y[p], best);
    if (argmax[p] == 255
            ? y[p] != 0.0f
            : !(argmax[p] < pool * pool && full[position(p, argmax[p])] >= best - tolerance)) {
      fail("argmax of conv2d_relu_pool", p, argmax[p], 0);
    }
  }
  expect_first_winners(s, x, biased ? bias.data() : nullptr, y.data(), argmax.data(), pool);
  // Gradients, from the kernel's own argmax, with a further share of zeros.
  const double zeros[] = {0, 0.5, 0.9};
  const Floats dy = random_floats(pooled, zeros[pick(0, 2)]);
  Doubles fullDy(s.outputs()), dx(s.images()), dw(s.weights()), dbias(s.outC);
  for (size_t p = 0; p < pooled; ++p) {
    if (argmax[p] == 255) continue;
    fullDy[position(p, argmax[p])] = dy[p];
    dbias[p % s.outC] += dy[p];
  }
  for_products(s, [&](size_t i, size_t k, size_t o) {
    dx[i] += fullDy[o] * w[k];
    dw[k] += fullDy[o] * x[i];
  });
  expect_close("conv2d_relu_pool_backprop_filter: dw",
               run_threads("backprop_filter", dw.size(),
                           [&](float* out) {
                             kernels().conv2d_relu_pool_backprop_filter(x.data(), dy.data(),
                                                                        argmax.data(), out, nullptr,
                                                                        geometry.data(), pool);
                           }),
               dw, 1e-5);
  expect_close("conv2d_relu_pool_backprop_filter: dbias",
               run_threads("backprop_filter", dbias.size(),
                           [&](float* out) {
                             Floats unused(s.weights());
                             kernels().conv2d_relu_pool_backprop_filter(
                                 x.data(), dy.data(), argmax.data(), unused.data(), out,
                                 geometry.data(), pool);
                           }),
               dbias, 1e-5);
  expect_close("conv2d_relu_pool_backprop_input",
               run_threads("backprop_input", dx.size(),
                           [&](float* out) {
                             kernels().conv2d_relu_pool_backprop_input(
                                 dy.data(), argmax.data(), w.data(), out, geometry.data(), pool);
                           }),
               dx, 1e-5);
}

void check_depthwise() {
  const Shape s = random_shape(true);
  describe(s, "depthwise");
  const auto geometry = s.geometry();
  const size_t weights = size_t(s.kH) * s.kW * s.inC;
  const Floats x = random_floats(s.images()), w = random_floats(weights);
  const Floats dy = random_floats(s.outputs(), pick(0, 1) ? 0 : 0.75);
  Doubles y(s.outputs()), dx(s.images()), dw(weights);
  for (size_t o = 0; o < s.outputs(); ++o) {
    const int c = o % s.outC, ow = o / s.outC % s.outW, oh = o / s.outC / s.outW % s.outH;
    const size_t n = o / s.outC / s.outW / s.outH;
    for (int kh = 0; kh < s.kH; ++kh)
      for (int kw = 0; kw < s.kW; ++kw) {
        const int ih = oh * s.sH - s.pT + kh * s.dH, iw = ow * s.sW - s.pL + kw * s.dW;
        if (ih < 0 || ih >= s.inH || iw < 0 || iw >= s.inW) continue;
        const size_t i = ((n * s.inH + ih) * s.inW + iw) * s.inC + c;
        const size_t t = (size_t(kh) * s.kW + kw) * s.inC + c;
        y[o] += double(x[i]) * w[t];
        dx[i] += double(dy[o]) * w[t];
        dw[t] += double(dy[o]) * x[i];
      }
  }
  const auto close = [&](const char* name, const Doubles& want, auto run) {
    expect_close(name, run_threads(name, want.size(), run), want, 1e-5);
  };
  close("depthwise_conv2d", y,
        [&](float* out) { kernels().depthwise_conv2d(x.data(), w.data(), out, geometry.data()); });
  close("depthwise_conv2d_backprop_input", dx, [&](float* out) {
    kernels().depthwise_conv2d_backprop_input(dy.data(), w.data(), out, geometry.data());
  });
  close("depthwise_conv2d_backprop_filter", dw, [&](float* out) {
    kernels().depthwise_conv2d_backprop_filter(x.data(), dy.data(), out, geometry.data());
  });
}

// ---- Pooling -----------------------------------------------------------------------------------

void check_pool() {
  const Shape s = random_shape(true);
  describe(s, "pool");
  const auto geometry = s.geometry();
  Floats x = random_floats(s.images());
  if (pick(0, 1)) {
    for (float& v : x) v = std::round(v);  // ties
  }
  const Floats dy = random_floats(s.outputs());
  Doubles maxY(s.outputs(), -INFINITY), maxDx(s.images()), avgY(s.outputs()), avgDx(s.images());
  for (size_t o = 0; o < s.outputs(); ++o) {
    const int c = o % s.outC, ow = o / s.outC % s.outW, oh = o / s.outC / s.outW % s.outH;
    const int n = o / s.outC / s.outW / s.outH;
    std::vector<size_t> pixels;
    for (int kh = 0; kh < s.kH; ++kh)
      for (int kw = 0; kw < s.kW; ++kw) {
        const int ih = oh * s.sH - s.pT + kh * s.dH, iw = ow * s.sW - s.pL + kw * s.dW;
        if (ih >= 0 && ih < s.inH && iw >= 0 && iw < s.inW) {
          pixels.push_back(((size_t(n) * s.inH + ih) * s.inW + iw) * s.inC + c);
        }
      }
    if (pixels.empty()) return;  // windows that are all padding: the caller's business
    size_t winner = pixels[0];
    for (size_t p : pixels) {
      if (x[p] > x[winner]) winner = p;
      avgY[o] += x[p] / double(pixels.size());
      avgDx[p] += dy[o] / double(pixels.size());
    }
    maxY[o] = x[winner];
    maxDx[winner] += dy[o];
  }
  expect_close("max_pool",
               run_threads("max_pool", s.outputs(),
                           [&](float* out) { kernels().max_pool(x.data(), out, geometry.data()); }),
               maxY, 0);
  expect_close("max_pool_grad",
               run_threads("max_pool_grad", s.images(),
                           [&](float* out) {
                             kernels().max_pool_grad(x.data(), dy.data(), out, geometry.data());
                           }),
               maxDx, 1e-6);
  expect_close("avg_pool",
               run_threads("avg_pool", s.outputs(),
                           [&](float* out) { kernels().avg_pool(x.data(), out, geometry.data()); }),
               avgY, 1e-6);
  expect_close(
      "avg_pool_grad",
      run_threads("avg_pool_grad", s.images(),
                  [&](float* out) { kernels().avg_pool_grad(dy.data(), out, geometry.data()); }),
      avgDx, 1e-6);
}

// ---- Matrix products ---------------------------------------------------------------------------

void check_mat_mul() {
  const int sizes[] = {1, 2, 3, 5, 7, 8, 10, 13, 16, 31, 32, 33, 64, 100, 130};
  const int m = sizes[pick(0, 14)], n = sizes[pick(0, 14)];
  const int k = pick(0, 9) ? sizes[pick(0, 14)] : pick(500, 1300);
  const int batch = pick(1, 3);
  const bool sharedA = pick(0, 3) == 0, sharedB = pick(0, 1), tA = pick(0, 1), tB = pick(0, 1);
  const bool biased = pick(0, 1);
  const int activation = pick(0, 2);
  context = "mat_mul batch " + std::to_string(batch) + " m " + std::to_string(m) + " k " +
            std::to_string(k) + " n " + std::to_string(n) + " tA " + std::to_string(tA) + " tB " +
            std::to_string(tB) + " shared " + std::to_string(sharedA) + std::to_string(sharedB);
  const Floats a = random_floats(size_t(sharedA ? 1 : batch) * m * k);
  const Floats b = random_floats(size_t(sharedB ? 1 : batch) * k * n), bias = random_floats(n);
  const int strideA = sharedA ? 0 : m * k, strideB = sharedB ? 0 : k * n;
  Doubles c(size_t(batch) * m * n);
  for (int i = 0; i < batch; ++i)
    for (int r = 0; r < m; ++r)
      for (int j = 0; j < n; ++j) {
        double sum = biased ? bias[j] : 0;
        for (int s = 0; s < k; ++s) {
          sum += double(a[size_t(i) * strideA + (tA ? size_t(s) * m + r : size_t(r) * k + s)]) *
                 b[size_t(i) * strideB + (tB ? size_t(j) * k + s : size_t(s) * n + j)];
        }
        c[(size_t(i) * m + r) * n + j] = activated(sum, activation);
      }
  const Floats got = run_threads("mat_mul", c.size(), [&](float* out) {
    kernels().mat_mul(a.data(), b.data(), biased ? bias.data() : nullptr, out, batch, m, k, n,
                      strideA, strideB, tA, tB, activation);
  });
  if (activation != 2) expect_close("mat_mul", got, c, 1e-5);
  // relu6 hides the scale: compare in absolute terms
  for (size_t i = 0; i < c.size(); ++i) {
    if (!(std::fabs(got[i] - c[i]) <= 1e-5 * std::sqrt(k) * 20)) fail("mat_mul", i, got[i], c[i]);
  }
  // A row's result does not depend on how many rows are computed with it.
  if (!tA && batch == 1) {
    Output one(n);
    kernels().mat_mul(a.data(), b.data(), biased ? bias.data() : nullptr, one.data(), 1, 1, k, n,
                      strideA, strideB, 0, tB, activation);
    expect_same("a single row of mat_mul", one.take("mat_mul"),
                Floats(got.begin(), got.begin() + n));
  }
}

// ---- Elementwise -------------------------------------------------------------------------------

// Distance in units in the last place of `want` as a float32.
double ulps(float got, double want) {
  if (std::isnan(want)) return std::isnan(got) ? 0 : 1e9;
  const float rounded = float(want);
  if (got == rounded) return 0;
  if (std::isinf(rounded) || std::isinf(got) || std::isnan(got)) return 1e9;
  const double ulp =
      std::max(std::ldexp(1.0, std::ilogb(std::fabs(rounded) + 1e-45f) - 23), 1.5e-45);
  return std::fabs(got - want) / ulp;
}

double reference_unary(int op, double x, double alpha, double beta) {
  switch (op) {
    case kNeg:
      return -x;
    case kAbs:
      return std::fabs(x);
    case kSign:
      return x > 0 ? 1 : x < 0 ? -1 : 0;
    case kSquare:
      return x * x;
    case kSqrt:
      return std::sqrt(x);
    case kRsqrt:
      return 1 / std::sqrt(x);
    case kExp:
      return std::exp(x);
    case kLog:
      return std::log(x);
    case kReluUnary:
      return x > 0 ? x : std::isnan(x) ? x : 0;
    case kLeakyRelu:
      return x < 0 ? x * alpha : x;
    case kClip:
      return x > beta ? beta : x < alpha ? alpha : x;
    case kTanh:
      return std::tanh(x);
    case kSigmoid:
      return 1 / (1 + std::exp(-x));
    case kReciprocal:
      return 1 / x;
    case kStep:
      return x > 0 ? 1 : std::isnan(x) ? x : alpha;
    case kLog1p:
      return std::log1p(x);
    case kExpm1:
      return std::expm1(x);
    case kSoftplus:
      return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
    case kElu:
      return x >= 0 ? x : std::expm1(x);
    default:
      return x;
  }
}

void check_unary() {
  // Every float32 sign and exponent with a few random fractions, and the special values.
  Floats x;
  for (int bits = 0; bits < 512; ++bits) {
    for (int i = 0; i < 6; ++i) {
      const uint32_t word =
          uint32_t(bits) << 23 | (i < 2 ? uint32_t(i) * 0x7fffff : generator() & 0x7fffff);
      float v;
      std::memcpy(&v, &word, 4);
      x.push_back(v);
    }
  }
  for (int i = 0; i < 4000; ++i) x.push_back(normal() * std::pow(10.0f, pick(-3, 2)));
  for (float v : {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 88.722f, 88.73f, -87.3f, -103.9f, 1.0f}) {
    x.push_back(v);
  }
  const int count = int(x.size());
  for (int op = kIdentity; op <= kElu; ++op) {
    context = "unary op " + std::to_string(op);
    const Floats got = run_threads("unary", count, [&](float* out) {
      kernels().unary(op, x.data(), out, count, 0.25f, 0.75f);
    });
    for (int i = 0; i < count; ++i) {
      const double want = reference_unary(op, x[i], 0.25f, 0.75f);
      // The flush of denormal arguments and results is not promised away.
      if (ulps(got[i], want) > 4 && std::fabs(double(got[i]) - want) > 2.4e-38) {
        context += " of " + std::to_string(x[i]);
        fail("unary", i, got[i], want);
      }
    }
  }
}

void check_broadcast() {
  const int rank = pick(0, 6);
  std::vector<int32_t> shape = {rank}, dims, strideA, strideB;
  const bool lone = rank <= 2 && pick(0, 9) == 0;
  for (int d = 0; d < rank; ++d) dims.push_back(lone ? pick(150, 300) : pick(1, rank > 4 ? 4 : 9));
  if (rank > 0 && pick(0, 3) == 0) dims[rank - 1] = pick(1, 40);
  const auto strides = [&](std::vector<int32_t>& out) {
    out.assign(rank, 0);
    int size = 1;
    for (int d = rank - 1; d >= 0; --d) {
      if (pick(0, 2) == 0) continue;
      out[d] = size;
      size *= dims[d];
    }
    return size;
  };
  const int sizeA = strides(strideA), sizeB = strides(strideB);
  size_t count = 1;
  for (int d : dims) count *= d;
  for (const auto& part : {dims, strideA, strideB})
    shape.insert(shape.end(), part.begin(), part.end());
  context = "broadcast";
  for (int v : shape) context += " " + std::to_string(v);
  Floats a = random_floats(sizeA, 0.1), b = random_floats(sizeB, 0.1);
  for (Floats* p : {&a, &b}) {
    for (float& v : *p) {
      if (pick(0, 3) == 0) v = std::round(v);
      if (pick(0, 60) == 0) v = NAN;
      if (pick(0, 60) == 0) v = INFINITY;
    }
  }
  const auto operands = [&](size_t i, float& u, float& v) {
    size_t at = 0, bt = 0;
    for (int d = rank - 1; d >= 0; --d) {
      at += i % dims[d] * strideA[d];
      bt += i % dims[d] * strideB[d];
      i /= dims[d];
    }
    u = a[at];
    v = b[bt];
  };
  for (int op = kAdd; op <= kReluGrad; ++op) {
    const Floats got = run_threads("binary", count, [&](float* out) {
      kernels().binary(op, a.data(), b.data(), out, shape.data());
    });
    for (size_t i = 0; i < count; ++i) {
      float u, v;
      operands(i, u, v);
      const float difference = u - v;
      double want = 0;
      switch (op) {
        case kAdd:
          want = double(u) + v;
          break;
        case kSub:
          want = double(u) - v;
          break;
        case kMul:
          want = double(u) * v;
          break;
        case kDiv:
          want = double(u) / v;
          break;
        case kMaximum:
          want = std::isnan(u) || std::isnan(v) ? NAN : std::max(u, v);
          break;
        case kMinimum:
          want = std::isnan(u) || std::isnan(v) ? NAN : std::min(u, v);
          break;
        case kSquaredDifference:
          want = double(difference) * difference;
          break;
        case kPow:
          want = std::isnan(v) || (std::isinf(v) && std::fabs(u) == 1)
                     ? NAN
                     : std::pow(double(u), double(v));
          break;
        default:
          want = v > 0 ? u : 0;
      }
      if (ulps(got[i], want) > 1.01)
        fail(("binary op " + std::to_string(op)).c_str(), i, got[i], want);
    }
  }
  for (int op = kEqual; op <= kGreaterEqual; ++op) {
    std::vector<uint8_t> got(count + 1, 9);
    kernels().compare(op, a.data(), b.data(), got.data(), shape.data());
    if (got[count] != 9) fail("compare wrote beyond its end", count, 0, 0);
    for (size_t i = 0; i < count; ++i) {
      float u, v;
      operands(i, u, v);
      const bool want = op == kEqual       ? u == v
                        : op == kNotEqual  ? u != v
                        : op == kLess      ? u < v
                        : op == kLessEqual ? u <= v
                        : op == kGreater   ? u > v
                                           : u >= v;
      if (got[i] != want) fail("compare", i, got[i], want);
    }
  }
}

void check_small() {
  context = "small kernels";
  const int count = pick(1, 40000);
  const Floats a = random_floats(count), b = random_floats(count);
  std::vector<uint8_t> bytes(count);
  std::vector<int32_t> ints(count);
  for (int i = 0; i < count; ++i) {
    bytes[i] = pick(0, 1) ? pick(0, 255) : 0;
    ints[i] = pick(-1000000, 1000000);
  }
  const Floats chosen = run_threads("where", count, [&](float* out) {
    kernels().where(bytes.data(), a.data(), b.data(), out, count);
  });
  const Floats filled =
      run_threads("fill", count, [&](float* out) { kernels().fill(out, count, 2.5f); });
  const Floats scaled = run_threads("bytes_to_float", count, [&](float* out) {
    kernels().bytes_to_float(bytes.data(), out, count, 0.5f);
  });
  const Floats converted = run_threads("ints_to_float", count, [&](float* out) {
    kernels().ints_to_float(ints.data(), out, count);
  });
  for (int i = 0; i < count; ++i) {
    if (chosen[i] != (bytes[i] ? a[i] : b[i])) fail("where", i, chosen[i], 0);
    if (filled[i] != 2.5f) fail("fill", i, filled[i], 2.5);
    if (scaled[i] != bytes[i] * 0.5f) fail("bytes_to_float", i, scaled[i], bytes[i] * 0.5);
    if (converted[i] != float(ints[i])) fail("ints_to_float", i, converted[i], ints[i]);
  }
}

// ---- Reductions --------------------------------------------------------------------------------

void check_reduce() {
  const bool lone = pick(0, 4) == 0;
  const int outer = pick(1, 40), middle = lone ? pick(1000, 30000) : pick(1, 70);
  const int inner = pick(0, 1) ? 1 : pick(1, 40);
  const int rows = lone ? 1 : outer;
  context =
      "reduce " + std::to_string(rows) + " " + std::to_string(middle) + " " + std::to_string(inner);
  const size_t count = size_t(rows) * middle * inner;
  const Floats x = random_floats(count);
  for (int op = kSum; op <= kProd; ++op) {
    Doubles want(size_t(rows) * inner, op == kMax    ? -INFINITY
                                       : op == kMin  ? INFINITY
                                       : op == kProd ? 1
                                                     : 0);
    for (size_t i = 0; i < count; ++i) {
      double& w = want[i / inner / middle * inner + i % inner];
      w = op == kMax    ? std::max(w, double(x[i]))
          : op == kMin  ? std::min(w, double(x[i]))
          : op == kProd ? w * x[i]
                        : w + x[i];
    }
    if (op == kMean)
      for (double& w : want) w /= middle;
    const Floats got = run_threads("reduce", want.size(), [&](float* out) {
      kernels().reduce(op, x.data(), out, rows, middle, inner);
    });
    if (op == kProd && middle > 70) continue;  // under- or overflow
    // Sums cancel: their error is relative to the sum of the magnitudes.
    const double magnitude = op == kSum ? middle : 1;
    for (size_t i = 0; i < want.size(); ++i) {
      const double bound = op == kMax || op == kMin ? 0
                           : op == kProd            ? 2e-5 * std::fabs(want[i]) + 1e-37
                                                    : 2e-6 * magnitude;
      if (!(std::fabs(got[i] - want[i]) <= bound)) fail("reduce", i, got[i], want[i]);
    }
  }
  for (int op = 0; op < 2; ++op) {
    std::vector<int32_t> got(size_t(rows) * inner);
    kernels().arg_reduce(op, x.data(), got.data(), rows, middle, inner);
    for (int o = 0; o < rows; ++o)
      for (int j = 0; j < inner; ++j) {
        int best = 0;
        const auto at = [&](int r) { return x[(size_t(o) * middle + r) * inner + j]; };
        for (int r = 1; r < middle; ++r)
          if (op == 0 ? at(r) > at(best) : at(r) < at(best)) best = r;
        if (got[size_t(o) * inner + j] != best)
          fail("arg_reduce", o, got[size_t(o) * inner + j], best);
      }
  }
  // NaN propagates through extrema and sums.
  Floats holed = x;
  holed[pick(0, int(count) - 1)] = NAN;
  for (int op = kSum; op <= kMin; ++op) {
    Output out(size_t(rows) * inner);
    kernels().reduce(op, holed.data(), out.data(), rows, middle, inner);
    int nans = 0;
    for (float v : out.take("reduce")) nans += std::isnan(v);
    if (nans != 1) fail("NaN lost by reduce", op, nans, 1);
  }
}

void check_softmax() {
  const int rows = pick(1, 300), columns = pick(1, 70);
  context = "softmax " + std::to_string(rows) + " " + std::to_string(columns);
  Floats x = random_floats(size_t(rows) * columns);
  const float scale = pick(0, 1) ? 1.0f : 100.0f;
  for (float& v : x) v *= scale;
  Doubles soft(x.size()), logs(x.size());
  for (int r = 0; r < rows; ++r) {
    const float* row = x.data() + size_t(r) * columns;
    double top = -INFINITY, sum = 0;
    for (int j = 0; j < columns; ++j) top = std::max(top, double(row[j]));
    for (int j = 0; j < columns; ++j) sum += std::exp(row[j] - top);
    for (int j = 0; j < columns; ++j) {
      soft[size_t(r) * columns + j] = std::exp(row[j] - top) / sum;
      logs[size_t(r) * columns + j] = row[j] - top - std::log(sum);
    }
  }
  const Floats got = run_threads(
      "softmax", x.size(), [&](float* out) { kernels().softmax(x.data(), out, rows, columns); });
  // Small probabilities are right in relative terms too: attacks depend on them.
  for (size_t i = 0; i < soft.size(); ++i) {
    if (!(std::fabs(got[i] - soft[i]) <= 3e-5 * soft[i] + 1e-37))
      fail("softmax", i, got[i], soft[i]);
  }
  expect_close(
      "log_softmax",
      run_threads("log_softmax", x.size(),
                  [&](float* out) { kernels().log_softmax(x.data(), out, rows, columns); }),
      logs, 1e-6);
}

// ---- Data movement and optimizers --------------------------------------------------------------

void check_move() {
  const int outer = pick(1, 5), axis = pick(1, 60), inner = pick(1, 90), count = pick(1, 200);
  context = "gather";
  const Floats x = random_floats(size_t(outer) * axis * inner);
  std::vector<int32_t> indices(count);
  for (int32_t& i : indices) i = pick(0, axis - 1);
  const Floats got = run_threads("gather", size_t(outer) * count * inner, [&](float* out) {
    kernels().gather(x.data(), indices.data(), out, outer, axis, inner, count);
  });
  for (size_t i = 0; i < got.size(); ++i) {
    const size_t j = i % inner, r = i / inner % count, o = i / inner / count;
    const float want = x[(o * axis + indices[r]) * inner + j];
    if (got[i] != want) fail("gather", i, got[i], want);
  }
  const int rank = pick(0, 6);
  context = "transpose of rank " + std::to_string(rank);
  std::vector<int32_t> shape = {rank}, dims, permutation;
  for (int d = 0; d < rank; ++d) {
    dims.push_back(rank <= 2 ? pick(1, 200) : pick(1, 6));
    permutation.push_back(d);
  }
  std::shuffle(permutation.begin(), permutation.end(), generator);
  shape.insert(shape.end(), dims.begin(), dims.end());
  shape.insert(shape.end(), permutation.begin(), permutation.end());
  size_t size = 1;
  for (int d : dims) size *= d;
  const Floats y = random_floats(size);
  const Floats turned = run_threads(
      "transpose", size, [&](float* out) { kernels().transpose(y.data(), out, shape.data()); });
  for (size_t i = 0; i < size; ++i) {
    std::vector<size_t> index(rank);
    size_t rest = i;
    for (int d = rank - 1; d >= 0; --d) {
      index[permutation[d]] = rest % dims[permutation[d]];
      rest /= dims[permutation[d]];
    }
    size_t from = 0;
    for (int d = 0; d < rank; ++d) from = from * dims[d] + index[d];
    if (turned[i] != y[from]) fail("transpose", i, turned[i], y[from]);
  }
}

// A box out of one array, as a dense one.
void check_boxes() {
  const int rank = pick(0, 4), before = pick(0, 3), run = pick(1, rank == 0 ? 100000 : 300);
  context = "a box of rank " + std::to_string(rank + 1);
  std::vector<int32_t> size(rank), begin(rank), whole(rank), from(rank), to(rank);
  for (int d = 0; d < rank; ++d) {
    size[d] = pick(1, 7);
    begin[d] = pick(0, 3);
    whole[d] = begin[d] + size[d] + pick(0, 3);
  }
  int total = before + run + pick(0, 3), count = run, offset = before;
  for (int d = rank - 1; d >= 0; --d) {
    from[d] = total;
    to[d] = count;
    offset += begin[d] * total;
    total *= whole[d];
    count *= size[d];
  }
  std::vector<int32_t> box = {rank, run, offset, 0};
  for (const auto* values : {&size, &from, &to}) {
    box.insert(box.end(), values->begin(), values->end());
  }
  const Floats x = random_floats(total);
  const Floats got = run_threads(
      "copy_box", count, [&](float* out) { kernels().copy_box(x.data(), out, box.data()); });
  for (int i = 0; i < count; ++i) {
    int at = offset + i % run;
    for (int d = 0; d < rank; ++d) at += i / to[d] % size[d] * from[d];
    if (got[i] != x[at]) fail("copy_box", i, got[i], x[at]);
  }
}

// Any part of a stream is the same on its own, and the first block is that of Random123's vectors.
void check_random() {
  const int blocks = pick(1, 20000), skipped = pick(0, blocks - 1);
  context = "random words of " + std::to_string(blocks) + " blocks";
  const std::vector<int32_t> start = {0, 0, 0, 0}, later = {skipped, 0, 0, 0};
  const uint32_t known[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  std::vector<int32_t> words(4 * size_t(blocks)), rest(4 * size_t(blocks - skipped));
  for (int threads : {1, 2, 3}) {
    set_threads(threads);
    kernels().random_words(words.data(), blocks, start.data());
    kernels().random_words(rest.data(), blocks - skipped, later.data());
    for (int i = 0; i < 4; ++i) {
      if (uint32_t(words[i]) != known[i]) fail("random_words", i, words[i], int32_t(known[i]));
    }
    for (size_t i = 0; i < rest.size(); ++i) {
      const int32_t same = words[4 * size_t(skipped) + i];
      if (rest[i] != same) fail("random_words", i, rest[i], same);
    }
  }
}

void check_optimizers() {
  const int count = pick(1, 30000);
  context = "optimizers of " + std::to_string(count);
  const Floats w = random_floats(count), m = random_floats(count), g = random_floats(count);
  Floats v = random_floats(count);
  for (float& value : v) value *= value;
  Doubles sgdW(count), sgdV(count), adamW(count), adamM(count), adamV(count);
  for (int i = 0; i < count; ++i) {
    sgdV[i] = 0.9f * double(m[i]) + g[i];
    sgdW[i] = w[i] - 0.1f * sgdV[i];
    adamM[i] = double(0.9f) * m[i] + (1.0f - 0.9f) * double(g[i]);
    adamV[i] = double(0.999f) * v[i] + (1.0f - 0.999f) * double(g[i]) * g[i];
    adamW[i] = w[i] - 0.01f * (adamM[i] / 0.1f) / (std::sqrt(adamV[i] / 0.01f) + 1e-7f);
  }
  Floats firstW;
  for (int threads : {1, 2, 3}) {
    set_threads(threads);
    Floats weight = w, velocity = m;
    kernels().sgd_step(weight.data(), velocity.data(), g.data(), count, 0.1f, 0.9f);
    expect_close("sgd_step: weight", weight, sgdW, 1e-6);
    expect_close("sgd_step: velocity", velocity, sgdV, 1e-6);
    Floats weights = w, first = m, second = v;
    kernels().adam_step(weights.data(), first.data(), second.data(), g.data(), count, 0.01f, 0.9f,
                        0.999f, 1e-7f, 0.1f, 0.01f);
    expect_close("adam_step: weight", weights, adamW, 1e-6);
    expect_close("adam_step: m", first, adamM, 1e-6);
    expect_close("adam_step: v", second, adamV, 1e-6);
    if (threads == 1) firstW = weights;
    expect_same("adam_step with another number of threads", weights, firstW);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 100;
  const unsigned seed = argc > 2 ? unsigned(std::atoi(argv[2])) : 1;
  const struct {
    const char* name;
    void (*check)();
    int share;  // one round of this family per `share` rounds
  } families[] = {
      {"convolution", check_conv, 1},       {"conv-relu-pool", check_block, 1},
      {"depthwise", check_depthwise, 1},    {"pooling", check_pool, 1},
      {"matrix product", check_mat_mul, 1}, {"unary", check_unary, 50},
      {"broadcast", check_broadcast, 2},    {"small kernels", check_small, 10},
      {"reduction", check_reduce, 2},       {"softmax", check_softmax, 5},
      {"data movement", check_move, 5},     {"boxes", check_boxes, 5},
      {"optimizers", check_optimizers, 10}, {"random words", check_random, 20},
  };
  int variants = 0;
  for (int isa : {0, 1, 2, 3}) {
    if (!set_instruction_set(isa)) continue;
    ++variants;
    for (const auto& family : families) {
      generator.seed(seed);
      const int count = (rounds + family.share - 1) / family.share;
      for (int i = 0; i < count; ++i) family.check();
      std::printf("instruction set %d: %-15s %d cases\n", isa, family.name, count);
      std::fflush(stdout);
    }
  }
  set_threads(1);
  return variants > 0 ? 0 : 1;
}

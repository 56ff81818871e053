// Max and average pooling and their gradients, NHWC. Vectors run along the channels; windows are
// clipped to the image once per output pixel. Bound by memory and by the comparisons: a 2x2 max
// reads 4 values and writes 1 for 3 comparisons.
#include "kernels.h"
#include "simd.h"
#include "threads.h"

namespace KERNEL_ISA {
namespace {

struct Window {
  int batch, inH, inW, channels, sizeH, sizeW, outH, outW;
  int strideH, strideW, padTop, padLeft, dilationH, dilationW;

  explicit Window(const int32_t* g)
      : batch(g[0]), inH(g[1]), inW(g[2]), channels(g[3]), sizeH(g[4]), sizeW(g[5]), outH(g[7]),
        outW(g[8]), strideH(g[9]), strideW(g[10]), padTop(g[11]), padLeft(g[12]), dilationH(g[13]),
        dilationW(g[14]) {}

  size_t image_size() const { return static_cast<size_t>(inH) * inW * channels; }
  size_t output_size() const { return static_cast<size_t>(outH) * outW * channels; }
};

// Calls visit(offset of the pixel in the image) for the real pixels of a window, row by row.
template <class Visit>
ALWAYS_INLINE int for_pixels(const Window& p, int oh, int ow, Visit visit) {
  int seen = 0;
  for (int i = 0; i < p.sizeH; ++i) {
    const int row = oh * p.strideH - p.padTop + i * p.dilationH;
    if (row < 0 || row >= p.inH) continue;
    for (int j = 0; j < p.sizeW; ++j) {
      const int column = ow * p.strideW - p.padLeft + j * p.dilationW;
      if (column < 0 || column >= p.inW) continue;
      visit((static_cast<size_t>(row) * p.inW + column) * p.channels);
      ++seen;
    }
  }
  return seen;
}

// Calls body(n, oh, ow) for all output pixels of image n in order; one task per image, so that
// gradients of overlapping windows add up in a fixed order.
template <class Body>
void for_outputs(const Window& p, Body body) {
  parallel_for(p.batch, [&](int n, int) {
    for (int oh = 0; oh < p.outH; ++oh) {
      for (int ow = 0; ow < p.outW; ++ow) body(n, oh, ow);
    }
  });
}

}  // namespace

void max_pool(const float* x, float* y, const int32_t* geometry) {
  const Window p(geometry);
  for_outputs(p, [&](int n, int oh, int ow) {
    const float* image = x + n * p.image_size();
    float* out = y + n * p.output_size() + (static_cast<size_t>(oh) * p.outW + ow) * p.channels;
    for (int c = 0; c < p.channels; c += kWidth) {
      const int count = min_of(kWidth, p.channels - c);
      Vec best = splat(-__builtin_inff());
      for_pixels(p, oh, ow, [&](size_t pixel) {
        const Vec value = load_part(image + pixel + c, count);
        best = choose(value > best, value, best);
      });
      store_part(out + c, best, count);
    }
  });
}

void max_pool_grad(const float* x, const float* dy, float* dx, const int32_t* geometry) {
  const Window p(geometry);
  parallel_for(p.batch, [&](int n, int) {
    __builtin_memset(dx + n * p.image_size(), 0, p.image_size() * sizeof(float));
  });
  for_outputs(p, [&](int n, int oh, int ow) {
    const float* image = x + n * p.image_size();
    float* gradient = dx + n * p.image_size();
    const size_t at = n * p.output_size() + (static_cast<size_t>(oh) * p.outW + ow) * p.channels;
    for (int c = 0; c < p.channels; c += kWidth) {
      const int count = min_of(kWidth, p.channels - c);
      Vec best = splat(-__builtin_inff());
      IntVec winner = IntVec{} - 1;
      int index = 0;
      for_pixels(p, oh, ow, [&](size_t pixel) {
        const Vec value = load_part(image + pixel + c, count);
        const IntVec better = (value > best) | (winner < 0);
        best = choose(better, value, best);
        winner = choose(better, IntVec{} + index, winner);
        ++index;
      });
      const Vec d = load_part(dy + at + c, count);
      index = 0;
      for_pixels(p, oh, ow, [&](size_t pixel) {
        float* to = gradient + pixel + c;
        store_part(to, load_part(to, count) + choose(winner == index, d, Vec{}), count);
        ++index;
      });
    }
  });
}

void avg_pool(const float* x, float* y, const int32_t* geometry) {
  const Window p(geometry);
  for_outputs(p, [&](int n, int oh, int ow) {
    const float* image = x + n * p.image_size();
    float* out = y + n * p.output_size() + (static_cast<size_t>(oh) * p.outW + ow) * p.channels;
    for (int c = 0; c < p.channels; c += kWidth) {
      const int count = min_of(kWidth, p.channels - c);
      Vec sum = {};
      const int seen =
          for_pixels(p, oh, ow, [&](size_t pixel) { sum += load_part(image + pixel + c, count); });
      store_part(out + c, sum / static_cast<float>(seen), count);
    }
  });
}

void avg_pool_grad(const float* dy, float* dx, const int32_t* geometry) {
  const Window p(geometry);
  parallel_for(p.batch, [&](int n, int) {
    __builtin_memset(dx + n * p.image_size(), 0, p.image_size() * sizeof(float));
  });
  for_outputs(p, [&](int n, int oh, int ow) {
    float* gradient = dx + n * p.image_size();
    const size_t at = n * p.output_size() + (static_cast<size_t>(oh) * p.outW + ow) * p.channels;
    const int seen = for_pixels(p, oh, ow, [](size_t) {});
    if (seen == 0) return;
    for (int c = 0; c < p.channels; c += kWidth) {
      const int count = min_of(kWidth, p.channels - c);
      const Vec share = load_part(dy + at + c, count) / static_cast<float>(seen);
      for_pixels(p, oh, ow, [&](size_t pixel) {
        float* to = gradient + pixel + c;
        store_part(to, load_part(to, count) + share, count);
      });
    }
  });
}

}  // namespace KERNEL_ISA

// Max and average pooling and their gradients, NHWC. Vectors run along the channels; windows are
// clipped to the image once per output pixel. Bound by memory and by the comparisons: a 2x2 max
// reads 4 values and writes 1 for 3 comparisons.
#include "kernels.h"
#include "simd.h"
#include "threads.h"
#include "window.h"

namespace KERNEL_ISA {

void max_pool(const float* x, float* y, const int32_t* geometry) {
  const Window p(geometry);
  for_outputs(p, [&](int n, int oh, int ow) {
    const float* image = x + n * p.image_size();
    float* out = y + n * p.output_size() + (static_cast<size_t>(oh) * p.outW + ow) * p.channels;
    for (int c = 0; c < p.channels; c += kWidth) {
      const int count = min_of(kWidth, p.channels - c);
      Vec best = splat(-__builtin_inff());
      for_pixels(p, oh, ow, [&](size_t pixel, int) {
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
      for_pixels(p, oh, ow, [&](size_t pixel, int index) {
        const Vec value = load_part(image + pixel + c, count);
        const IntVec better = (value > best) | (winner < 0);
        best = choose(better, value, best);
        winner = choose(better, IntVec{} + index, winner);
      });
      const Vec d = load_part(dy + at + c, count);
      for_pixels(p, oh, ow, [&](size_t pixel, int index) {
        float* to = gradient + pixel + c;
        store_part(to, load_part(to, count) + choose(winner == index, d, Vec{}), count);
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
      const int seen = for_pixels(
          p, oh, ow, [&](size_t pixel, int) { sum += load_part(image + pixel + c, count); });
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
    const int seen = for_pixels(p, oh, ow, [](size_t, int) {});
    if (seen == 0) return;
    for (int c = 0; c < p.channels; c += kWidth) {
      const int count = min_of(kWidth, p.channels - c);
      const Vec share = load_part(dy + at + c, count) / static_cast<float>(seen);
      for_pixels(p, oh, ow, [&](size_t pixel, int) {
        float* to = gradient + pixel + c;
        store_part(to, load_part(to, count) + share, count);
      });
    }
  });
}

}  // namespace KERNEL_ISA

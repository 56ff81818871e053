// Depthwise convolution, a filter of its own for each channel, and its gradients, NHWC. Vectors run
// along the channels; bound by loads, two for a multiplication.
#include "kernels.h"
#include "simd.h"
#include "threads.h"
#include "window.h"

namespace KERNEL_ISA {

void depthwise_conv2d(const float* x, const float* w, float* y, const int32_t* geometry) {
  const Window p(geometry);
  parallel_for(p.batch * p.outH, [&](int row, int) {
    const float* image = x + row / p.outH * p.image_size();
    float* out = y + static_cast<size_t>(row) * p.outW * p.channels;
    for (int ow = 0; ow < p.outW; ++ow, out += p.channels) {
      for (int c = 0; c < p.channels; c += kWidth) {
        const int count = min_of(kWidth, p.channels - c);
        Vec sum = {};
        for_pixels(p, row % p.outH, ow, [&](size_t pixel, int tap) {
          sum += load_part(image + pixel + c, count) * load_part(w + tap * p.channels + c, count);
        });
        store_part(out + c, sum, count);
      }
    }
  });
}

void depthwise_conv2d_backprop_input(const float* dy, const float* w, float* dx,
                                     const int32_t* geometry) {
  const Window p(geometry);
  parallel_for(p.batch, [&](int n, int) {
    __builtin_memset(dx + n * p.image_size(), 0, p.image_size() * sizeof(float));
  });
  for_outputs(p, [&](int n, int oh, int ow) {
    float* gradient = dx + n * p.image_size();
    const float* from =
        dy + n * p.output_size() + (static_cast<size_t>(oh) * p.outW + ow) * p.channels;
    for (int c = 0; c < p.channels; c += kWidth) {
      const int count = min_of(kWidth, p.channels - c);
      const Vec d = load_part(from + c, count);
      for_pixels(p, oh, ow, [&](size_t pixel, int tap) {
        float* to = gradient + pixel + c;
        const Vec share = d * load_part(w + tap * p.channels + c, count);
        store_part(to, load_part(to, count) + share, count);
      });
    }
  });
}

// A task for each pixel of the filter and vector of channels. Sums of each image are added in
// order, so that they stay short.
void depthwise_conv2d_backprop_filter(const float* x, const float* dy, float* dw,
                                      const int32_t* geometry) {
  const Window p(geometry);
  const int chunks = (p.channels + kWidth - 1) / kWidth;
  parallel_for(p.sizeH * p.sizeW * chunks, [&](int task, int) {
    const int tap = task / chunks, c = task % chunks * kWidth;
    const int count = min_of(kWidth, p.channels - c);
    const int top = tap / p.sizeW * p.dilationH - p.padTop;
    const int left = tap % p.sizeW * p.dilationW - p.padLeft;
    Vec total = {};
    for (int n = 0; n < p.batch; ++n) {
      const float* image = x + n * p.image_size() + c;
      const float* from = dy + n * p.output_size() + c;
      Vec sum = {};
      for (int oh = 0; oh < p.outH; ++oh) {
        const int row = oh * p.strideH + top;
        if (row < 0 || row >= p.inH) continue;
        for (int ow = 0; ow < p.outW; ++ow) {
          const int column = ow * p.strideW + left;
          if (column < 0 || column >= p.inW) continue;
          const size_t pixel = static_cast<size_t>(row) * p.inW + column;
          const size_t output = static_cast<size_t>(oh) * p.outW + ow;
          sum += load_part(image + pixel * p.channels, count) *
                 load_part(from + output * p.channels, count);
        }
      }
      total += sum;
    }
    store_part(dw + static_cast<size_t>(tap) * p.channels + c, total, count);
  });
}

}  // namespace KERNEL_ISA

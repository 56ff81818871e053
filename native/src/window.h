// Windows that slide over each channel by itself: those of pools and of depthwise convolutions.
#pragma once
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

// Calls visit(offset of the pixel in the image, its index in the window) for the real pixels of a
// window, row by row; returns how many there are.
template <class Visit>
ALWAYS_INLINE int for_pixels(const Window& p, int oh, int ow, Visit visit) {
  int seen = 0;
  for (int i = 0; i < p.sizeH; ++i) {
    const int row = oh * p.strideH - p.padTop + i * p.dilationH;
    if (row < 0 || row >= p.inH) continue;
    for (int j = 0; j < p.sizeW; ++j) {
      const int column = ow * p.strideW - p.padLeft + j * p.dilationW;
      if (column < 0 || column >= p.inW) continue;
      visit((static_cast<size_t>(row) * p.inW + column) * p.channels, i * p.sizeW + j);
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
}  // namespace KERNEL_ISA

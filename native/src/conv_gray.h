// The training block on gray images: a 3x3 kernel on one channel before a 2x2 pool.
//
// Nine products a pixel are too few for the micro-kernel, whose tiles begin and end more often than
// they multiply. Here the sums of a vector of output channels stay in registers: forward those of
// two neighboring windows, until the pool has read them; in the filter gradient those of the nine
// taps, for a whole image.
#pragma once
#include "conv_block.h"

namespace KERNEL_ISA {
namespace {

inline bool is_gray(const Block& c) {
  return c.inC == 1 && c.kernelH == 3 && c.kernelW == 3 && c.strideH == 1 && c.strideW == 1 &&
         c.dilationH == 1 && c.dilationW == 1 && c.pool == 2;
}

// kCount neighboring windows for a vector of `channels` output channels. Each pixel of the windows'
// patch is loaded once and added to all outputs that it reaches, which keeps the products in the
// micro-kernel's order.
template <int kCount>
ALWAYS_INLINE void gray_windows(const Block& c, const float* image, const Vec* filter, Vec bias,
                                float* y, uint8_t* argmax, int channels) {
  Vec sums[kCount][4];
  UNROLL
  for (int window = 0; window < kCount; ++window) {
    UNROLL
    for (int i = 0; i < 4; ++i) sums[window][i] = bias;
  }
  UNROLL
  for (int row = 0; row < 4; ++row) {
    UNROLL
    for (int column = 0; column < 2 * kCount + 2; ++column) {
      const float x = image[row * c.extentW + column];
      UNROLL
      for (int window = 0; window < kCount; ++window) {
        UNROLL
        for (int i = 0; i < 4; ++i) {
          const int kh = row - i / 2, kw = column - 2 * window - i % 2;
          if (kh < 0 || kh > 2 || kw < 0 || kw > 2) continue;
          sums[window][i] = sums[window][i] + x * filter[3 * kh + kw];
        }
      }
    }
  }
  UNROLL
  for (int window = 0; window < kCount; ++window) {
    Winner winner;
    UNROLL
    for (int i = 0; i < 4; ++i) winner.update(sums[window][i], i);
    winner.store_to(y + window * c.outC, argmax + window * c.outC, channels);
  }
}

// Rows first <= ph < last of the pooled outputs of one image.
inline void forward_gray(const Block& c, const PackedFilter& filter, const float* image, int first,
                         int last, float* y, uint8_t* argmax, int) {
  for (int oc = 0; oc < c.outC; oc += kWidth) {
    const int channels = min_of(kWidth, c.outC - oc);
    const float* packed = filter.panels + static_cast<size_t>(oc / kNR) * 9 * kNR + oc % kNR;
    Vec taps[9];
    UNROLL
    for (int i = 0; i < 9; ++i) taps[i] = load(packed + i * kNR);
    const Vec bias = load(filter.bias + oc);
    for (int ph = first; ph < last; ++ph) {
      const float* from = image + c.pixel_offset(2 * ph, 0);
      size_t at = static_cast<size_t>(ph) * c.pooledW * c.outC + oc;
      int pw = 0;
      for (; pw + 2 <= c.pooledW; pw += 2, from += 4, at += 2 * c.outC) {
        gray_windows<2>(c, from, taps, bias, y + at, argmax + at, channels);
      }
      if (pw < c.pooledW) gray_windows<1>(c, from, taps, bias, y + at, argmax + at, channels);
    }
  }
}

// sums [9][columns] += the filter gradient of one image. All four pixels of a window take part,
// three of them with gradients of 0: each product is one instruction, where lists or rows in memory
// would take several.
inline void add_gray_filter_gradient(const Block& c, const float* image, const float* dy,
                                     const uint8_t* argmax, float* sums) {
  for (int oc = 0; oc < c.outC; oc += kWidth) {
    const int channels = min_of(kWidth, c.outC - oc);
    Vec taps[9];
    UNROLL
    for (int i = 0; i < 9; ++i) taps[i] = load(sums + i * c.columns + oc);
    size_t at = oc;
    for (int ph = 0; ph < c.pooledH; ++ph) {
      const float* from = image + c.pixel_offset(2 * ph, 0);
      for (int pw = 0; pw < c.pooledW; ++pw, from += 2, at += c.outC) {
        const Vec gradient = load_part(dy + at, channels);
        const IntVec winner = load_bytes_part(argmax + at, channels);
        UNROLL
        for (int i = 0; i < 4; ++i) {
          const Vec own = choose(winner == i, gradient, Vec{});
          UNROLL
          for (int tap = 0; tap < 9; ++tap) {
            const float x = from[(i / 2 + tap / 3) * c.extentW + i % 2 + tap % 3];
            taps[tap] = taps[tap] + x * own;
          }
        }
      }
    }
    UNROLL
    for (int i = 0; i < 9; ++i) store(sums + i * c.columns + oc, taps[i]);
  }
}

// dw [9, outC] = the groups' sums [groups][9][columns], in order.
inline void store_gray_filter_gradient(const Block& c, const float* sums, int groups,
                                       size_t groupSize, float* dw) {
  for (int tap = 0; tap < 9; ++tap) {
    for (int oc = 0; oc < c.outC; ++oc) {
      float sum = 0.0f;
      for (int g = 0; g < groups; ++g) sum += sums[g * groupSize + tap * c.columns + oc];
      dw[tap * c.outC + oc] = sum;
    }
  }
}

}  // namespace
}  // namespace KERNEL_ISA

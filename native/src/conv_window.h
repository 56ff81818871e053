// Gradients of convolution + ReLU + max-pool for few input channels, window by window.
//
// With one channel a kernel's runs are 3 floats long, too short for vectors. But all the input
// that one pooling window depends on is a small square (a window patch):
//
//       . . . .     a 2x2 pool after a 3x3 kernel reads 4x4 pixels: 16 floats, one AVX-512
//       . o o .     vector. Each channel's gradient g belongs to one pixel (argmax), so
//       . o o .
//       . . . .       dX(patch)      += g * filter[oc], shifted to the winner's index
//                     dW shifted[oc] += g * patch
//
// Both are one FMA a vector for each pooled gradient, with no list and no branch: channels that
// ReLU set to 0 (argmax 255) use an all-zero filter, or add to a sum that is never read.
#pragma once
#include "conv.h"

namespace KERNEL_ISA {
namespace {

struct WindowPatch {
  int rows, rowLength;  // in floats
  int size;             // rounded up to whole vectors
  int windowSize;       // indices of a window; one more stands for "no gradient"

  WindowPatch(const Conv& c, int pool)
      : rows((pool - 1) * c.strideH + (c.kernelH - 1) * c.dilationH + 1),
        rowLength(((pool - 1) * c.strideW + (c.kernelW - 1) * c.dilationW + 1) * c.inC),
        size(round_up(rows * rowLength, kWidth)), windowSize(pool * pool) {}

  size_t table_size(const Conv& c) const {
    return static_cast<size_t>(windowSize + 1) * c.outC * size;
  }
  // Calls visit(index, position of a kernel value in w [depth], its position in the patch).
  template <class Visit>
  void for_values(const Conv& c, int pool, Visit visit) const {
    for (int index = 0; index < windowSize; ++index) {
      for (int kh = 0; kh < c.kernelH; ++kh) {
        for (int kw = 0; kw < c.kernelW; ++kw) {
          for (int ic = 0; ic < c.inC; ++ic) {
            visit(index, (kh * c.kernelW + kw) * c.inC + ic,
                  (index / pool * c.strideH + kh * c.dilationH) * rowLength +
                      (index % pool * c.strideW + kw * c.dilationW) * c.inC + ic);
          }
        }
      }
    }
  }
};

// Short copies and sums of rows, four floats at a time: rows are often exactly four long.
ALWAYS_INLINE void copy_row(const float* from, float* to, int count) {
  int i = 0;
  for (; i + 4 <= count; i += 4) store_quad(to + i, load_quad(from + i));
  for (; i < count; ++i) to[i] = from[i];
}
ALWAYS_INLINE void add_row(const float* from, float* to, int count) {
  int i = 0;
  for (; i + 4 <= count; i += 4) store_quad(to + i, load_quad(to + i) + load_quad(from + i));
  for (; i < count; ++i) to[i] += from[i];
}

// table [windowSize + 1][outC][size]: w shifted to each index of the window; zeros for "no
// gradient".
inline const float* pack_shifted_filter(const Conv& c, const WindowPatch& patch, int pool,
                                        const float* w) {
  float* table = scratch(0, kScratchPacked, patch.table_size(c));
  set_zero(table, patch.table_size(c));
  patch.for_values(c, pool, [&](int index, int value, int position) {
    for (int oc = 0; oc < c.outC; ++oc) {
      table[(static_cast<size_t>(index) * c.outC + oc) * patch.size + position] =
          w[static_cast<size_t>(value) * c.outC + oc];
    }
  });
  return table;
}

// The start of each winner index's rows in a table [windowSize + 1][outC][size], by the byte in
// argmax.
template <class Float>
inline void list_row_starts(const Conv& c, const WindowPatch& patch, Float* table, Float** starts) {
  for (int index = 0; index < 256; ++index) {
    starts[index] =
        table + static_cast<size_t>(min_of(index, patch.windowSize)) * c.outC * patch.size;
  }
}

// out[0 .. kVectors * kWidth) = sum over channels of dy[oc] * row(argmax[oc], oc). Several channels
// are summed side by side, to have 8 independent chains of FMAs.
template <int kVectors>
ALWAYS_INLINE void sum_window(int channels, ptrdiff_t size, const float* const* starts,
                              ptrdiff_t first, const float* dy, const uint8_t* argmax, float* out) {
  constexpr int kChains = 8 / kVectors;
  Vec sums[kChains][kVectors] = {};
  ptrdiff_t row = first;
  int oc = 0;
  for (; oc + kChains <= channels; oc += kChains) {
    UNROLL
    for (int i = 0; i < kChains; ++i) {
      const float* from = starts[argmax[oc + i]] + row;
      UNROLL
      for (int v = 0; v < kVectors; ++v) {
        sums[i][v] = sums[i][v] + dy[oc + i] * load(from + v * kWidth);
      }
      row += size;
    }
  }
  for (; oc < channels; ++oc, row += size) {
    const float* from = starts[argmax[oc]] + row;
    UNROLL
    for (int v = 0; v < kVectors; ++v) {
      sums[0][v] = sums[0][v] + dy[oc] * load(from + v * kWidth);
    }
  }
  UNROLL
  for (int v = 0; v < kVectors; ++v) {
    Vec sum = sums[0][v];
    UNROLL
    for (int i = 1; i < kChains; ++i) sum += sums[i][v];
    store(out + v * kWidth, sum);
  }
}

inline void window_gradient(const Conv& c, const WindowPatch& patch, const float* const* starts,
                            const float* dy, const uint8_t* argmax, float* out) {
  int v = 0;
  for (; v + 4 * kWidth <= patch.size; v += 4 * kWidth) {
    sum_window<4>(c.outC, patch.size, starts, v, dy, argmax, out + v);
  }
  for (; v + 2 * kWidth <= patch.size; v += 2 * kWidth) {
    sum_window<2>(c.outC, patch.size, starts, v, dy, argmax, out + v);
  }
  for (; v < patch.size; v += kWidth) {
    sum_window<1>(c.outC, patch.size, starts, v, dy, argmax, out + v);
  }
}

// row(argmax[oc], oc) += dy[oc] * patch, for all channels. The vectors of the patch stay in
// registers; rows of neighboring channels are apart, so no addition waits for another.
template <int kVectors>
ALWAYS_INLINE void spread_window(int channels, ptrdiff_t size, const float* values, const float* dy,
                                 const uint8_t* argmax, float* const* starts, ptrdiff_t first) {
  Vec x[kVectors];
  UNROLL
  for (int v = 0; v < kVectors; ++v) x[v] = load(values + v * kWidth);
  ptrdiff_t row = first;
  for (int oc = 0; oc < channels; ++oc, row += size) {
    float* to = starts[argmax[oc]] + row;
    UNROLL
    for (int v = 0; v < kVectors; ++v) {
      store(to + v * kWidth, load(to + v * kWidth) + dy[oc] * x[v]);
    }
  }
}

inline void add_window_products(const Conv& c, const WindowPatch& patch, const float* values,
                                const float* dy, const uint8_t* argmax, float* const* starts) {
  int v = 0;
  for (; v + 4 * kWidth <= patch.size; v += 4 * kWidth) {
    spread_window<4>(c.outC, patch.size, values + v, dy, argmax, starts, v);
  }
  for (; v + 2 * kWidth <= patch.size; v += 2 * kWidth) {
    spread_window<2>(c.outC, patch.size, values + v, dy, argmax, starts, v);
  }
  for (; v < patch.size; v += kWidth) {
    spread_window<1>(c.outC, patch.size, values + v, dy, argmax, starts, v);
  }
}

}  // namespace
}  // namespace KERNEL_ISA

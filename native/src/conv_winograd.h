// Winograd's minimal filtering F(2x2, 3x3) (Lavin & Gray 2016, arXiv 1509.09308).
//
// Four neighboring outputs of a 3x3 kernel need 36 products a channel if done directly, but 16
// if a 4x4 input tile d and the kernel g are transformed first:
//
//     outputs = A' [ (G g G') * (B' d B) ] A       (* elementwise; ' transposes)
//
// The products of one of the 16 elements, over all tiles and channels, are a matrix product
// [tiles, IC] . [IC, OC], which the micro-kernel does at nearly its peak; the transforms are
// additions of whole channel vectors. A 3x3x32 -> 64 layer takes 2.25 times fewer FMAs and about
// half of the time. The transforms' additions cost about one decimal digit less than float32's
// seven: errors stay near 1e-6 of the largest output.
//
//     image --B'dB--> V [16][tiles][IC]   x   U [16][panel][IC][kNR]   -->   M [16][tiles][kNR]
//
// A band of kTiles tiles is done at a time: V and M then take 16 * 48 * 32 * 4 B = 98 KB each
// and stay in the L2 cache.
#pragma once
#include "conv.h"

namespace KERNEL_ISA {
namespace {

constexpr int kTiles = 48;

// Enough input channels for the products to outweigh the transforms, in whole vectors.
inline bool winograd_fits(const Conv& c) {
  return c.kernelH == 3 && c.kernelW == 3 && c.strideH == 1 && c.strideW == 1 && c.dilationH == 1 &&
         c.dilationW == 1 && c.inC % kWidth == 0 && c.inC >= 16;
}

// The floats from one of the 16 elements to the next: an odd number of cache lines. A power of two
// would put all 16 into the same few sets of the cache, from which they would push each other.
inline size_t element_stride(size_t floats) { return ((floats + 15) / 16 | 1) * 16; }

// One row or column of G g G', B' d B and A' m A.
ALWAYS_INLINE void filter_line(const Vec* g, int step, Vec* u, int uStep) {
  const Vec outer = (g[0] + g[2 * step]) * 0.5f, middle = g[step] * 0.5f;
  u[0] = g[0];
  u[uStep] = outer + middle;
  u[2 * uStep] = outer - middle;
  u[3 * uStep] = g[2 * step];
}
ALWAYS_INLINE void input_line(Vec* d, int step) {
  const Vec d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
  d[0] = d0 - d2;
  d[step] = d1 + d2;
  d[2 * step] = d2 - d1;
  d[3 * step] = d1 - d3;
}
ALWAYS_INLINE void output_line(const Vec* m, int step, Vec* y, int yStep) {
  y[0] = m[0] + m[step] + m[2 * step];
  y[yStep] = m[step] - m[2 * step] - m[3 * step];
}

// U [16][panels][inC][kNR] from w [3, 3, inC, outC], and behind it the bias as in pack_filter.
inline PackedFilter pack_winograd_filter(const Conv& c, const float* w, const float* bias) {
  const int panels = panel_count(c.outC);
  const size_t elementSize = static_cast<size_t>(panels) * c.inC * kNR;
  float* packed = scratch(0, kScratchPacked, 16 * elementSize + c.columns);
  parallel_for(panels, [&](int panel, int) {
    for (int ic = 0; ic < c.inC; ++ic) {
      for (int v = 0; v < kNV; ++v) {
        const int column = panel * kNR + v * kWidth;
        const int count = max_of(0, min_of(kWidth, c.outC - column));
        Vec g[9], half[12], u[16];
        UNROLL
        for (int i = 0; i < 9; ++i) {
          g[i] = load_part(w + (static_cast<size_t>(i) * c.inC + ic) * c.outC + column, count);
        }
        UNROLL
        for (int j = 0; j < 3; ++j) filter_line(g + j, 3, half + j, 3);
        UNROLL
        for (int i = 0; i < 4; ++i) filter_line(half + 3 * i, 1, u + 4 * i, 1);
        float* to = packed + (static_cast<size_t>(panel) * c.inC + ic) * kNR + v * kWidth;
        UNROLL
        for (int e = 0; e < 16; ++e) store(to + e * elementSize, u[e]);
      }
    }
  });
  float* tail = packed + 16 * elementSize;
  for (int j = 0; j < c.columns; ++j) tail[j] = bias && j < c.outC ? bias[j] : 0.0f;
  return {packed, tail};
}

// V [16][tiles][inC] of rowCount rows of tiles, `perRow` tiles each, from the (padded) image's
// row 2 * firstRow on.
inline void transform_input(const Conv& c, const float* image, int firstRow, int rowCount,
                            int perRow, float* transformed) {
  const size_t pitch = static_cast<size_t>(c.extentW) * c.inC;
  const size_t stride = element_stride(static_cast<size_t>(rowCount) * perRow * c.inC);
  for (int row = 0; row < rowCount; ++row) {
    for (int column = 0; column < perRow; ++column) {
      const float* from = image + 2 * (firstRow + row) * pitch + 2 * column * c.inC;
      for (int ic = 0; ic < c.inC; ic += kWidth) {
        Vec d[16];
        UNROLL
        for (int i = 0; i < 4; ++i) {
          UNROLL
          for (int j = 0; j < 4; ++j) d[4 * i + j] = load(from + i * pitch + j * c.inC + ic);
        }
        UNROLL
        for (int i = 0; i < 4; ++i) input_line(d + 4 * i, 1);
        UNROLL
        for (int j = 0; j < 4; ++j) input_line(d + j, 4);
        float* to = transformed + (static_cast<size_t>(row) * perRow + column) * c.inC + ic;
        UNROLL
        for (int e = 0; e < 16; ++e) store(to + e * stride, d[e]);
      }
    }
  }
}

// M [16][tiles][kNR] of one panel.
inline void multiply_elements(const Conv& c, const PackedFilter& filter, int panel, int tiles,
                              const float* transformed, float* products) {
  static constexpr ptrdiff_t kStart = 0;
  Tile t = {};
  t.aRow = c.inC;
  t.aStep = 1;
  t.bStep = kNR;
  t.segments = &kStart;
  t.segmentCount = 1;
  t.length = c.inC;
  t.cRow = kNR;
  t.columns = kNR;
  for (int e = 0; e < 16; ++e) {
    t.a = transformed + e * element_stride(static_cast<size_t>(tiles) * c.inC);
    t.b = filter.panels + (static_cast<size_t>(e) * panel_count(c.outC) + panel) * c.inC * kNR;
    t.c = products + e * element_stride(static_cast<size_t>(tiles) * kNR);
    run_rows(t, tiles);
  }
}

// The four outputs of one tile, row-major, for the vector of channels at `products` (the tile's
// position in M), without the bias.
ALWAYS_INLINE void transform_output(const float* products, size_t stride, Vec* outputs) {
  Vec m[16], half[8];
  UNROLL
  for (int e = 0; e < 16; ++e) m[e] = load(products + e * stride);
  UNROLL
  for (int j = 0; j < 4; ++j) output_line(m + j, 4, half + j, 4);
  UNROLL
  for (int i = 0; i < 2; ++i) output_line(half + 4 * i, 1, outputs + 2 * i, 1);
}

}  // namespace
}  // namespace KERNEL_ISA

// Winograd's minimal filtering for 3x3 kernels (Lavin & Gray 2016, arXiv 1509.09308).
//
// Neighboring outputs of a kernel g share products if the inputs d that they need and the kernel
// are transformed first, in rows and in columns:
//
//     outputs = A' [ (G g H') * (B' d C) ] D       (* elementwise; ' transposes)
//
// A tile is 2 rows of kSpan outputs. Rows are F(2, 3), with 4 products for 2 outputs, where 6 would
// be needed directly; columns are F(2, 3) or F(5, 3): 7 products for 5 outputs, where 15 would. A
// 10x10 image before a pool takes 2.8 products an output and channel instead of 9.
//
// The products of one element, over all tiles and channels, are a matrix product
// [tiles, IC] . [IC, OC], which the micro-kernel does at nearly its peak; the transforms are
// additions of whole channel vectors. They cost about one decimal digit of float32's seven: errors
// stay near 2e-6 of the largest output. Tiles of 5x5 outputs would need 2 products each instead of
// 2.8, but lose another half of a digit. Certification bounds the rounding with these matrices and
// tiles: src/certification/operations/winograd.ts must follow what changes here.
//
//   image --B'dC--> V [elements][tiles][IC]  x  U [elements][panel][IC][kNR]
//                                                          --> M [elements][tiles][kNR]
//
// A band of at most kTiles tiles is done at a time, so that V and M stay in the L2 cache.
#pragma once
#include "conv.h"

namespace KERNEL_ISA {
namespace {

constexpr int kTiles = 48;
constexpr int kLeastTiles = 5;  // that are worth a task of their own

// Enough input channels for the products to outweigh the transforms, in whole vectors.
inline bool winograd_fits(const Conv& c) {
  return c.kernelH == 3 && c.kernelW == 3 && c.strideH == 1 && c.strideW == 1 && c.dilationH == 1 &&
         c.dilationW == 1 && c.inC % kWidth == 0 && c.inC >= 16;
}

// The floats from one element to the next: an odd number of cache lines. A power of two would put
// all into the same few sets of the cache, from which they would push each other.
inline size_t element_stride(size_t floats) { return ((floats + 15) / 16 | 1) * 16; }

// The same of U.
inline size_t filter_stride(const Conv& c) {
  return element_stride(static_cast<size_t>(panel_count(c.outC)) * c.inC * kNR);
}

// Elements of a line's transform.
constexpr int line_length(int span) { return span + 2; }

// Outputs of a tile in a row, for images of so many columns: the number that needs fewer products.
inline int span_of(int columns) {
  return columns >= 5 && (columns + 4) / 5 * line_length(5) < columns / 2 * line_length(2) ? 5 : 2;
}

// One line of the kernel's transform. F(5, 3) interpolates at 0, 1, -1, 2, -2, 1/2 and infinity.
template <int kSpan>
ALWAYS_INLINE void filter_line(const Vec* g, int step, Vec* u, int uStep) {
  const Vec g0 = g[0], g1 = g[step], g2 = g[2 * step];
  u[0] = g0;
  if constexpr (kSpan == 2) {
    const Vec outer = (g0 + g2) * 0.5f, middle = g1 * 0.5f;
    u[uStep] = outer + middle;
    u[2 * uStep] = outer - middle;
    u[3 * uStep] = g2;
  } else {
    const Vec outer = g0 + g2, far = g0 + g2 * 4.0f, twice = g1 * 2.0f;
    u[uStep] = (outer + g1) * (-1.0f / 3);
    u[2 * uStep] = (outer - g1) * (1.0f / 9);
    u[3 * uStep] = (far + twice) * (1.0f / 36);
    u[4 * uStep] = (far - twice) * (-1.0f / 60);
    u[5 * uStep] = (g0 * 4.0f + twice + g2) * (8.0f / 45);
    u[6 * uStep] = g2;
  }
}

// One line of the image's transform, in place.
template <int kSpan>
ALWAYS_INLINE void input_line(Vec* d, int step) {
  const Vec d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
  if constexpr (kSpan == 2) {
    d[0] = d0 - d2;
    d[step] = d1 + d2;
    d[2 * step] = d2 - d1;
    d[3 * step] = d1 - d3;
  } else {
    const Vec d4 = d[4 * step], d5 = d[5 * step], d6 = d[6 * step];
    // At 1 and -1, then at 2 and -2: what even and odd powers share.
    const Vec near = d4 - d3 * 0.5f + (d1 * 2.0f - d2 * 4.0f);
    const Vec nearNext = d5 - d4 * 0.5f + (d2 * 2.0f - d3 * 4.0f);
    const Vec far = (d4 - d3 * 0.5f + (d1 * 0.5f - d2)) * 2.0f;
    const Vec farNext = d5 - d4 * 0.5f + (d2 * 0.5f - d3);
    d[0] = d0 - d1 * 2.0f - d2 * 1.25f + (d3 * 2.5f + d4 * 0.25f - d5 * 0.5f);
    d[step] = nearNext + near;
    d[2 * step] = nearNext - near;
    d[3 * step] = farNext + far;
    d[4 * step] = farNext - far;
    d[5 * step] = d5 - d3 * 5.0f + d1 * 4.0f;
    d[6 * step] = d6 - d5 * 0.5f - d4 * 5.0f + (d3 * 2.5f + d2 * 4.0f - d1 * 2.0f);
  }
}

// One line of outputs.
template <int kSpan>
ALWAYS_INLINE void output_line(const Vec* m, int step, Vec* y, int yStep) {
  const Vec sum = m[step] + m[2 * step], difference = m[step] - m[2 * step];
  if constexpr (kSpan == 2) {
    y[0] = m[0] + sum;
    y[yStep] = difference - m[3 * step];
  } else {
    const Vec farSum = m[3 * step] + m[4 * step], farDifference = m[3 * step] - m[4 * step];
    const Vec half = m[5 * step];
    y[0] = m[0] + sum + (farSum + half);
    y[yStep] = difference + (farDifference * 2.0f + half * 0.5f);
    y[2 * yStep] = sum + (farSum * 4.0f + half * 0.25f);
    y[3 * yStep] = difference + (farDifference * 8.0f + half * 0.125f);
    y[4 * yStep] = sum + (farSum * 16.0f + half * 0.0625f) + m[6 * step];
  }
}

// U [elements][panels][inC][kNR] from w [3, 3, inC, outC], and behind it the bias as in
// pack_filter.
template <int kSpan>
PackedFilter pack_winograd_filter(const Conv& c, const float* w, const float* bias) {
  constexpr int kLine = line_length(kSpan), kElements = 4 * kLine;
  const int panels = panel_count(c.outC);
  const size_t elementSize = filter_stride(c);
  float* packed = scratch(0, kScratchPacked, kElements * elementSize + c.columns);
  parallel_for(panels, [&](int panel, int) {
    for (int ic = 0; ic < c.inC; ++ic) {
      for (int v = 0; v < kNV; ++v) {
        const int column = panel * kNR + v * kWidth;
        const int count = max_of(0, min_of(kWidth, c.outC - column));
        Vec g[9], half[12], u[kElements];
        UNROLL
        for (int i = 0; i < 9; ++i) {
          g[i] = load_part(w + (static_cast<size_t>(i) * c.inC + ic) * c.outC + column, count);
        }
        UNROLL
        for (int j = 0; j < 3; ++j) filter_line<2>(g + j, 3, half + j, 3);
        UNROLL
        for (int i = 0; i < 4; ++i) filter_line<kSpan>(half + 3 * i, 1, u + kLine * i, 1);
        float* to = packed + (static_cast<size_t>(panel) * c.inC + ic) * kNR + v * kWidth;
        UNROLL
        for (int e = 0; e < kElements; ++e) store(to + e * elementSize, u[e]);
      }
    }
  });
  float* tail = packed + kElements * elementSize;
  for (int j = 0; j < c.columns; ++j) tail[j] = bias && j < c.outC ? bias[j] : 0.0f;
  return {packed, tail};
}

// The tiles of some rows: `perRow` in each, the last of which overlaps the one before it where the
// columns are no multiple of the span.
template <int kSpan>
struct TileGrid {
  int columns, perRow;
  explicit TileGrid(int columns) : columns(columns), perRow((columns + kSpan - 1) / kSpan) {}
  int column_of(int tile) const { return min_of(tile * kSpan, columns - kSpan); }
};

// V [elements][tiles][inC] of rowCount rows of tiles, from the (padded) image's row 2 * firstRow
// on; elements are `stride` floats apart.
template <int kSpan>
void transform_input(const Conv& c, const TileGrid<kSpan>& grid, const float* image, int firstRow,
                     int rowCount, float* to, size_t stride) {
  constexpr int kLine = line_length(kSpan);
  const size_t pitch = static_cast<size_t>(c.extentW) * c.inC;
  for (int row = firstRow; row < firstRow + rowCount; ++row) {
    for (int tile = 0; tile < grid.perRow; ++tile, to += c.inC) {
      const float* from = image + 2 * row * pitch + grid.column_of(tile) * c.inC;
      for (int ic = 0; ic < c.inC; ic += kWidth) {
        Vec d[4 * kLine];
        UNROLL
        for (int i = 0; i < 4; ++i) {
          UNROLL
          for (int j = 0; j < kLine; ++j) {
            d[kLine * i + j] = load(from + i * pitch + j * c.inC + ic);
          }
          input_line<kSpan>(d + kLine * i, 1);
        }
        UNROLL
        for (int j = 0; j < kLine; ++j) input_line<2>(d + j, kLine);
        UNROLL
        for (int e = 0; e < 4 * kLine; ++e) store(to + ic + e * stride, d[e]);
      }
    }
  }
}

// M [elements][tiles][kNR] of one panel.
inline void multiply_elements(const Conv& c, const PackedFilter& filter, int panel, int elements,
                              int tiles, const float* transformed, float* products) {
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
  for (int e = 0; e < elements; ++e) {
    t.a = transformed + e * element_stride(static_cast<size_t>(tiles) * c.inC);
    t.b = filter.panels + e * filter_stride(c) + static_cast<size_t>(panel) * c.inC * kNR;
    t.c = products + e * element_stride(static_cast<size_t>(tiles) * kNR);
    run_rows(t, tiles);
  }
}

// Two rows of outputs [2][columns][kNR] of one panel, with the bias. `products`: the row's first
// tile in M, whose elements are `stride` floats apart.
template <int kSpan>
void transform_output(const TileGrid<kSpan>& grid, const float* products, size_t stride,
                      const float* bias, float* rows) {
  constexpr int kLine = line_length(kSpan);
  for (int tile = 0; tile < grid.perRow; ++tile) {
    for (int v = 0; v < kNV; ++v) {
      const float* from = products + tile * kNR + v * kWidth;
      Vec half[2 * kLine], outputs[2 * kSpan];
      UNROLL
      for (int j = 0; j < kLine; ++j) {
        Vec m[4];
        UNROLL
        for (int i = 0; i < 4; ++i) m[i] = load(from + (kLine * i + j) * stride);
        output_line<2>(m, 1, half + j, kLine);
      }
      UNROLL
      for (int i = 0; i < 2; ++i) output_line<kSpan>(half + kLine * i, 1, outputs + kSpan * i, 1);
      const Vec added = load(bias + v * kWidth);
      UNROLL
      for (int i = 0; i < 2; ++i) {
        float* to = rows + (i * grid.columns + grid.column_of(tile)) * kNR + v * kWidth;
        UNROLL
        for (int j = 0; j < kSpan; ++j) store(to + j * kNR, outputs[kSpan * i + j] + added);
      }
    }
  }
}

}  // namespace
}  // namespace KERNEL_ISA

// The one micro-kernel that convolutions and matrix products share.
//
//            kNR = 2 vectors of b
//           +--------+--------+
//           | b(s,0) | b(s,1) |          for every step s of the inner product:
//           +--------+--------+            load 2 vectors of b,
//   a(0,s)  |  acc   |  acc   |            broadcast each of the rows' a(r,s),
//   a(1,s)  |  acc   |  acc   |            2 fused multiply-adds a row.
//     …     |   …    |   …    |
//   a(r,s)  |  acc   |  acc   |          `rows` <= kMaxRows accumulator rows
//           +--------+--------+
//
// Arithmetic: two FMA units of latency 4 need 8 independent accumulators or more to be busy;
// two load units allow one load per FMA. With r rows a step has 2r FMAs and r + 2 loads, so from
// r = 4 on the FMA units are the limit and the kernel runs at the machine's peak.
// Registers: AVX2 has 16 = 6 x 2 accumulators + 2 of b + 1 broadcast; AVX-512 and NEON have 32 =
// 12 x 2 + 2 + 1 with some to spare. On WebAssembly the engine keeps a few of the machine's 16 for
// itself and the product of a multiply-add needs one too: 4 rows instead of 6 take matrix products
// there from 28 to 50 GFLOP/s.
//
// Where a's elements lie is left open: row r, step s is a[r * aRow + s * aStep] within a segment,
// and segments start at given offsets. That lets the same code traverse an image (no im2col), its
// transpose (filter gradients) or a matrix in either order. b is read at b[s * bStep], through
// all segments without a gap.
#pragma once
#include "simd.h"

namespace KERNEL_ISA {

constexpr int kNV = 2;
constexpr int kNR = kNV * kWidth;
#if KERNEL_WIDTH == 16 || defined(__ARM_NEON)
constexpr int kMaxRows = 12;
#elif defined(__wasm_simd128__)
constexpr int kMaxRows = 4;
#else
constexpr int kMaxRows = 6;
#endif

struct Tile {
  const float* a;
  ptrdiff_t aRow, aStep;
  const float* b;
  ptrdiff_t bStep;
  const ptrdiff_t* segments;  // offsets added to a
  int segmentCount, length;   // steps per segment
  float* c;
  ptrdiff_t cRow;
  int columns;        // valid columns of c, 1..kNR
  const float* bias;  // kNR elements (padded) or null
  int activation;
  bool accumulate;  // c += instead of c =; without an activation, rows of c may overlap
};

template <int kRows>
void run_tile(const Tile& t) {
  Vec acc[kRows][kNV];
  UNROLL
  for (int v = 0; v < kNV; ++v) {
    const Vec start = t.bias ? load(t.bias + v * kWidth) : Vec{};
    UNROLL
    for (int r = 0; r < kRows; ++r) acc[r][v] = start;
  }
  const float* b = t.b;
  const ptrdiff_t aRow = t.aRow, aStep = t.aStep, bStep = t.bStep;
  const int length = t.length;
  for (int i = 0; i < t.segmentCount; ++i) {
    const float* a = t.a + t.segments[i];
    for (int s = 0; s < length; ++s) {
      Vec bv[kNV];
      UNROLL
      for (int v = 0; v < kNV; ++v) bv[v] = load(b + v * kWidth);
      UNROLL
      for (int r = 0; r < kRows; ++r) {
        const float x = a[r * aRow];
        UNROLL
        for (int v = 0; v < kNV; ++v) acc[r][v] = acc[r][v] + x * bv[v];
      }
      a += aStep;
      b += bStep;
    }
  }
  // Each case is a loop of its own: a test inside would become a branch for every vector.
  if (t.columns == kNR) {
    if (t.accumulate && t.activation == 0) {
      UNROLL
      for (int r = 0; r < kRows; ++r) {
        UNROLL
        for (int v = 0; v < kNV; ++v) {
          float* c = t.c + r * t.cRow + v * kWidth;
          store(c, load(c) + acc[r][v]);
        }
      }
      return;
    }
    if (t.accumulate) {
      UNROLL
      for (int r = 0; r < kRows; ++r) {
        UNROLL
        for (int v = 0; v < kNV; ++v) acc[r][v] += load(t.c + r * t.cRow + v * kWidth);
      }
    }
    if (t.activation != 0) {
      UNROLL
      for (int r = 0; r < kRows; ++r) {
        UNROLL
        for (int v = 0; v < kNV; ++v) acc[r][v] = maximum(acc[r][v], Vec{});
      }
    }
    if (t.activation == 2) {
      UNROLL
      for (int r = 0; r < kRows; ++r) {
        UNROLL
        for (int v = 0; v < kNV; ++v) acc[r][v] = minimum(acc[r][v], splat(6.0f));
      }
    }
    UNROLL
    for (int r = 0; r < kRows; ++r) {
      UNROLL
      for (int v = 0; v < kNV; ++v) store(t.c + r * t.cRow + v * kWidth, acc[r][v]);
    }
    return;
  }
  float buffer[kRows][kNR];
  UNROLL
  for (int r = 0; r < kRows; ++r) {
    UNROLL
    for (int v = 0; v < kNV; ++v) store(buffer[r] + v * kWidth, acc[r][v]);
  }
  for (int r = 0; r < kRows; ++r) {
    for (int j = 0; j < t.columns; j += kWidth) {
      float* c = t.c + r * t.cRow + j;
      const int count = min_of(kWidth, t.columns - j);
      Vec sum = load(buffer[r] + j);
      if (t.accumulate) sum = load_part(c, count) + sum;
      store_part(c, activate(sum, t.activation), count);
    }
  }
}

typedef void (*TileFunction)(const Tile&);
template <int kRows>
constexpr TileFunction tile_of() {
  if constexpr (kRows <= kMaxRows) return run_tile<kRows>;
  return nullptr;
}
constexpr TileFunction kTileFunctions[] = {
    tile_of<1>(), tile_of<2>(), tile_of<3>(), tile_of<4>(),  tile_of<5>(),  tile_of<6>(),
    tile_of<7>(), tile_of<8>(), tile_of<9>(), tile_of<10>(), tile_of<11>(), tile_of<12>(),
};

// Runs a tile of any number of rows: splits it into nearly equal parts of at most kMaxRows
// (13 rows are 7 + 6 and not 12 + 1: a lone row keeps the FMA units a quarter busy).
static inline void run_rows(Tile t, int rows) {
  int parts = (rows + kMaxRows - 1) / kMaxRows;
  while (parts > 0) {
    const int part = (rows + parts - 1) / parts;
    kTileFunctions[part - 1](t);
    t.a += part * t.aRow;
    t.c += part * t.cRow;
    rows -= part;
    --parts;
  }
}

// Packs b [k, n] (element (s, j) at s * rowStride + j * columnStride) into panels
// [ceil(n / kNR)][k][kNR]; missing columns are 0. Packs panels first <= i < last.
static inline void pack_panels(const float* b, ptrdiff_t rowStride, ptrdiff_t columnStride, int k,
                               int n, float* packed, int first, int last) {
  for (int panel = first; panel < last; ++panel) {
    float* out = packed + static_cast<size_t>(panel) * k * kNR;
    const float* in = b + panel * kNR * columnStride;
    const int columns = min_of(kNR, n - panel * kNR);
    if (columnStride == 1) {
      for (int s = 0; s < k; ++s) {
        for (int j = 0; j < columns; ++j) out[s * kNR + j] = in[s * rowStride + j];
        for (int j = columns; j < kNR; ++j) out[s * kNR + j] = 0.0f;
      }
      continue;
    }
    // A transposed matrix (rowStride is 1): squares of 4 x 4, then what is left.
    const int square = rowStride == 1 ? k / 4 * 4 : 0;
    int j = 0;
    for (; j + 4 <= columns; j += 4) {
      for (int s = 0; s < square; s += 4) {
        transpose_4x4(in + s + j * columnStride, columnStride, out + s * kNR + j, kNR);
      }
      for (int s = square; s < k; ++s) {
        for (int i = j; i < j + 4; ++i) out[s * kNR + i] = in[s * rowStride + i * columnStride];
      }
    }
    for (; j < kNR; ++j) {
      for (int s = 0; s < k; ++s) {
        out[s * kNR + j] = j < columns ? in[s * rowStride + j * columnStride] : 0.0f;
      }
    }
  }
}

constexpr int panel_count(int n) { return (n + kNR - 1) / kNR; }

}  // namespace KERNEL_ISA

// Matrix products c = activation(op(a) . op(b) + bias).
//
// b is packed once into panels [n/kNR][k][kNR] (a transposed b is transposed by the packing), a is
// read in place: its rows and steps have strides of their own, so a transposed a costs nothing.
// k is cut into blocks of kDepth so that one panel block (512 x 32 x 4 = 64 KB with AVX-512, half
// of it with AVX2) stays in the L2 cache while the rows of a pass by; from the second block on
// tiles add to c. A few rows of a are not worth the packing: then whole panels of b are read where
// they are. Work is split over (matrix, block of rows, panel); every element of c is summed
// by one worker in the order of k, whatever m is, so a row's result does not depend on how many
// rows are computed with it.
#include "gemm.h"
#include "kernels.h"
#include "threads.h"

namespace KERNEL_ISA {

void mat_mul(const float* a, const float* b, const float* bias, float* c, int32_t batch, int32_t m,
             int32_t k, int32_t n, int32_t strideA, int32_t strideB, int32_t transposeA,
             int32_t transposeB, int32_t activation) {
  constexpr int kDepth = 512;
  constexpr int kRowBlock = 8 * kMaxRows;
  static const ptrdiff_t kNoOffset = 0;
  if (m == 0 || n == 0 || batch == 0) return;
  const int panels = panel_count(n), rowBlocks = (m + kRowBlock - 1) / kRowBlock;
  const int packedMatrices = strideB == 0 ? 1 : batch;
  const int64_t operations = static_cast<int64_t>(m) * n * k * batch;
  const bool inPlace = m <= kMaxRows && !transposeB && n % kNR == 0;
  const size_t packedSize = static_cast<size_t>(panels) * k * kNR;
  float* packed = nullptr;
  if (!inPlace) {
    packed = scratch(0, kScratchPacked, packedMatrices * packedSize);
    parallel_for_work(operations, packedMatrices * panels, [&](int task, int) {
      const int matrix = task / panels, panel = task % panels;
      pack_panels(b + static_cast<ptrdiff_t>(matrix) * strideB, transposeB ? 1 : n,
                  transposeB ? k : 1, k, n, packed + matrix * packedSize, panel, panel + 1);
    });
  }
  float* biasRow = nullptr;
  if (bias != nullptr) {
    biasRow = scratch(0, kScratchPartial, static_cast<size_t>(panels) * kNR);
    for (int j = 0; j < panels * kNR; ++j) biasRow[j] = j < n ? bias[j] : 0.0f;
  }
  parallel_for_work(operations, batch * rowBlocks * panels, [&](int task, int) {
    const int panel = task % panels, block = task / panels % rowBlocks;
    const int matrix = task / panels / rowBlocks;
    const int row = block * kRowBlock;
    Tile t = {};
    t.aRow = transposeA ? 1 : k;
    t.aStep = transposeA ? m : 1;
    t.bStep = inPlace ? n : kNR;
    // Panel `panel` of this matrix's b, from step 0 on.
    const float* panelStart = inPlace ? b + static_cast<ptrdiff_t>(matrix) * strideB + panel * kNR
                                      : packed + (strideB == 0 ? 0 : matrix) * packedSize +
                                            static_cast<size_t>(panel) * k * kNR;
    t.segments = &kNoOffset;
    t.segmentCount = 1;
    t.columns = min_of(kNR, n - panel * kNR);
    t.c = c + (static_cast<size_t>(matrix) * m + row) * n + panel * kNR;
    t.cRow = n;
    int depth = 0;
    do {
      t.length = min_of(kDepth, k - depth);
      t.a = a + static_cast<ptrdiff_t>(matrix) * strideA + row * t.aRow + depth * t.aStep;
      t.b = panelStart + depth * t.bStep;
      t.accumulate = depth > 0;
      t.bias = depth == 0 && biasRow ? biasRow + panel * kNR : nullptr;
      depth += t.length;
      t.activation = depth == k ? activation : 0;
      run_rows(t, min_of(kRowBlock, m - row));
    } while (depth < k);
  });
}

}  // namespace KERNEL_ISA

// Data movement: gather, transpose, copies of boxes. Bound by memory; nothing is computed.
#include "kernels.h"
#include "simd.h"
#include "threads.h"

namespace KERNEL_ISA {

void gather(const float* x, const int32_t* indices, float* out, int32_t outer, int32_t axis,
            int32_t inner, int32_t count) {
  if (inner == 0) return;
  const int grouped = max_of(1, 16384 / inner);
  const int groups = (count + grouped - 1) / grouped;
  parallel_for(outer * groups, [&](int task, int) {
    const int o = task / groups, first = task % groups * grouped;
    const float* from = x + static_cast<size_t>(o) * axis * inner;
    float* to = out + (static_cast<size_t>(o) * count + first) * inner;
    for (int i = first; i < min_of(count, first + grouped); ++i) {
      __builtin_memcpy(to, from + static_cast<size_t>(indices[i]) * inner,
                       static_cast<size_t>(inner) * sizeof(float));
      to += inner;
    }
  });
}

void copy_box(const float* from, float* to, const int32_t* box) {
  const int rank = box[0], run = box[1];
  const int32_t *size = box + 4, *strideFrom = size + rank, *strideTo = strideFrom + rank;
  int rows = 1;
  for (int d = 0; d < rank; ++d) rows *= size[d];
  if (rows == 0 || run == 0) return;
  const int grouped = max_of(1, 16384 / run);
  const int groups = (rows + grouped - 1) / grouped;
  parallel_for_work(static_cast<int64_t>(rows) * run, groups, [&](int task, int) {
    for (int row = task * grouped; row < min_of(rows, (task + 1) * grouped); ++row) {
      ptrdiff_t source = box[2], target = box[3];
      for (int d = rank - 1, rest = row; d >= 0; --d) {
        source += static_cast<ptrdiff_t>(rest % size[d]) * strideFrom[d];
        target += static_cast<ptrdiff_t>(rest % size[d]) * strideTo[d];
        rest /= size[d];
      }
      __builtin_memcpy(to + target, from + source, static_cast<size_t>(run) * sizeof(float));
    }
  });
}

// The output is written in order. Its last two dimensions are processed in blocks of 16 x 16, so
// that the cache lines read for one output row (a line holds 16 float32) serve the next ones.
void transpose(const float* x, float* out, const int32_t* shape) {
  constexpr int kMaxRank = 6, kBlock = 16;
  const int rank = shape[0];
  const int32_t *dims = shape + 1, *permutation = dims + rank;
  // Output dimensions with the input's strides, led by enough ones to have two at least.
  int size[kMaxRank + 2];
  ptrdiff_t stride[kMaxRank + 2];
  const int lead = rank < 2 ? 2 - rank : 0, total = rank + lead;
  for (int d = 0; d < lead; ++d) {
    size[d] = 1;
    stride[d] = 0;
  }
  for (int d = 0; d < rank; ++d) {
    size[lead + d] = dims[permutation[d]];
    ptrdiff_t s = 1;
    for (int e = permutation[d] + 1; e < rank; ++e) s *= dims[e];
    stride[lead + d] = s;
  }
  const int rows = size[total - 2], columns = size[total - 1];
  const ptrdiff_t rowStride = stride[total - 2], columnStride = stride[total - 1];
  int slices = 1;
  for (int d = 0; d < total - 2; ++d) slices *= size[d];
  if (slices == 0 || rows == 0 || columns == 0) return;
  // Bands of rows, a task each, of about 16 K elements.
  const int band = round_up(max_of(1, 16384 / columns), kBlock);
  const int bands = (rows + band - 1) / band;
  parallel_for(slices * bands, [&](int task, int) {
    const int slice = task / bands, firstRow = task % bands * band;
    const float* from = x;
    for (int d = total - 3, rest = slice; d >= 0; --d) {
      from += rest % size[d] * stride[d];
      rest /= size[d];
    }
    float* to = out + static_cast<size_t>(slice) * rows * columns;
    const bool squares = rowStride == 1;
    for (int r = firstRow; r < min_of(rows, firstRow + band); r += kBlock) {
      for (int c = 0; c < columns; c += kBlock) {
        const int lastRow = min_of(rows, r + kBlock), lastColumn = min_of(columns, c + kBlock);
        // Neighboring outputs of a column are neighbors in x: squares of 4 x 4.
        const int squareRows = squares ? (lastRow - r) / 4 * 4 : 0;
        const int squareColumns = squares ? (lastColumn - c) / 4 * 4 : 0;
        for (int i = r; i < r + squareRows; i += 4) {
          for (int j = c; j < c + squareColumns; j += 4) {
            transpose_4x4(from + i + j * columnStride, columnStride,
                          to + static_cast<size_t>(i) * columns + j, columns);
          }
        }
        for (int i = r; i < lastRow; ++i) {
          for (int j = i < r + squareRows ? c + squareColumns : c; j < lastColumn; ++j) {
            to[static_cast<size_t>(i) * columns + j] = from[i * rowStride + j * columnStride];
          }
        }
      }
    }
  });
}

}  // namespace KERNEL_ISA

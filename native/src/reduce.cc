// Reductions and softmax.
//
// A reduction over the middle axis of [outer, middle, inner]. With inner > 1 vectors run along
// inner and the loop over middle adds whole rows; with inner = 1 a row is summed in kWidth lanes
// that are added up in a fixed order. A long middle axis is cut into a fixed number of parts
// whose results are combined in order, so sums do not depend on the threads.
#include "functions.h"
#include "kernels.h"
#include "threads.h"

namespace KERNEL_ISA {
namespace {

template <int kOp>
ALWAYS_INLINE Vec combine(Vec a, Vec b) {
  switch (kOp) {
    case kMax:
      return maximum(a, b);
    case kMin:
      return minimum(a, b);
    case kProd:
      return a * b;
    default:
      return a + b;
  }
}

template <int kOp>
constexpr float neutral() {
  return kOp == kMax    ? -__builtin_inff()
         : kOp == kMin  ? __builtin_inff()
         : kOp == kProd ? 1.0f
                        : 0.0f;
}

// The lanes of v combined in a fixed order.
template <int kOp>
ALWAYS_INLINE float fold_lanes(Vec v) {
  float lanes[kWidth];
  store(lanes, v);
  for (int step = kWidth / 2; step > 0; step /= 2) {
    for (int i = 0; i < step; ++i) {
      lanes[i] = combine<kOp>(splat(lanes[i]), splat(lanes[i + step]))[0];
    }
  }
  return lanes[0];
}

// One contiguous run of numbers; four chains hide the latency of the operation.
template <int kOp>
float fold_run(const float* x, int count) {
  Vec acc[4];
  for (Vec& a : acc) a = splat(neutral<kOp>());
  int i = 0;
  for (; i + 4 * kWidth <= count; i += 4 * kWidth) {
    UNROLL
    for (int j = 0; j < 4; ++j) acc[j] = combine<kOp>(acc[j], load(x + i + j * kWidth));
  }
  for (; i + kWidth <= count; i += kWidth) acc[0] = combine<kOp>(acc[0], load(x + i));
  float rest = neutral<kOp>();
  for (; i < count; ++i) rest = combine<kOp>(splat(rest), splat(x[i]))[0];
  const Vec all = combine<kOp>(combine<kOp>(acc[0], acc[1]), combine<kOp>(acc[2], acc[3]));
  return combine<kOp>(splat(fold_lanes<kOp>(all)), splat(rest))[0];
}

// out [inner] = the rows first <= r < last of x [middle, inner] combined.
template <int kOp>
void fold_rows(const float* x, float* out, int first, int last, int inner) {
  int j = 0;
  for (; j + kWidth <= inner; j += kWidth) {
    Vec acc = splat(neutral<kOp>());
    for (int r = first; r < last; ++r) {
      acc = combine<kOp>(acc, load(x + static_cast<size_t>(r) * inner + j));
    }
    store(out + j, acc);
  }
  for (; j < inner; ++j) {
    float acc = neutral<kOp>();
    for (int r = first; r < last; ++r) {
      acc = combine<kOp>(splat(acc), splat(x[static_cast<size_t>(r) * inner + j]))[0];
    }
    out[j] = acc;
  }
}

// At most this many parts of the middle axis, of at least kPartSize elements each.
constexpr int kParts = 16, kPartSize = 8192;

template <int kOp>
void run_reduce(const float* x, float* out, int outer, int middle, int inner) {
  const size_t slice = static_cast<size_t>(middle) * inner;
  const float scale = kOp == kMean ? 1.0f / static_cast<float>(middle) : 1.0f;
  const int possible = static_cast<int>(slice / kPartSize);
  const int parts = outer >= kParts ? 1 : max_of(1, min_of(min_of(kParts, middle), possible));
  const int grouped = parts > 1 ? 1 : max_of(1, static_cast<int>(kPartSize / (slice + 1)));
  const int groups = (outer + grouped - 1) / grouped;
  float* partial =
      parts > 1 ? scratch(0, kScratchPartial, static_cast<size_t>(outer) * parts * inner) : out;
  parallel_for(groups * parts, [&](int task, int) {
    const int part = task % parts, group = task / parts;
    const int first = static_cast<int>(static_cast<int64_t>(middle) * part / parts);
    const int last = static_cast<int>(static_cast<int64_t>(middle) * (part + 1) / parts);
    for (int o = group * grouped; o < min_of(outer, (group + 1) * grouped); ++o) {
      float* to = partial + (static_cast<size_t>(o) * parts + part) * inner;
      if (inner == 1) {
        *to = fold_run<kOp>(x + o * slice + first, last - first);
      } else {
        fold_rows<kOp>(x + o * slice, to, first, last, inner);
      }
    }
  });
  if (parts > 1) {
    for (int o = 0; o < outer; ++o) {
      fold_rows<kOp>(partial + static_cast<size_t>(o) * parts * inner,
                     out + static_cast<size_t>(o) * inner, 0, parts, inner);
    }
  }
  if (kOp == kMean) {
    for (size_t i = 0; i < static_cast<size_t>(outer) * inner; ++i) out[i] *= scale;
  }
}

template <bool kLog>
void softmax_row(const float* x, float* y, int columns) {
  const float top = fold_run<kMax>(x, columns);
  // An infinite maximum would give inf - inf: the row is NaN, as in TensorFlow.
  Vec acc = {};
  for (int i = 0; i < columns; i += kWidth) {
    const int count = min_of(kWidth, columns - i);
    const Vec v = load_part(x + i, count);
    const Vec e = exp(v - top);
    if (count == kWidth) {
      acc += e;
      if (!kLog) store(y + i, e);
    } else {
      float lanes[kWidth] = {};
      store_part(lanes, e, count);
      acc += load(lanes);
      if (!kLog) store_part(y + i, e, count);
    }
  }
  const float sum = sum_lanes(acc);
  if (kLog) {
    const float shift = log(splat(sum))[0];
    for (int i = 0; i < columns; ++i) y[i] = (x[i] - top) - shift;
  } else {
    for (int i = 0; i < columns; ++i) y[i] /= sum;
  }
}

template <bool kLog>
void softmax_rows(const float* x, float* y, int rows, int columns) {
  const int grouped = max_of(1, 4096 / max_of(1, columns));
  parallel_for((rows + grouped - 1) / grouped, [&](int group, int) {
    for (int r = group * grouped; r < min_of(rows, (group + 1) * grouped); ++r) {
      softmax_row<kLog>(x + static_cast<size_t>(r) * columns, y + static_cast<size_t>(r) * columns,
                        columns);
    }
  });
}

}  // namespace

void reduce(int32_t op, const float* x, float* out, int32_t outer, int32_t middle, int32_t inner) {
  static constexpr void (*kRun[])(const float*, float*, int, int, int) = {
      run_reduce<kSum>, run_reduce<kMean>, run_reduce<kMax>, run_reduce<kMin>, run_reduce<kProd>,
  };
  kRun[op](x, out, outer, middle, inner);
}

void arg_reduce(int32_t op, const float* x, int32_t* out, int32_t outer, int32_t middle,
                int32_t inner) {
  const size_t slice = static_cast<size_t>(middle) * inner;
  const int grouped = max_of(1, static_cast<int>(4096 / (slice + 1)));
  parallel_for((outer + grouped - 1) / grouped, [&](int group, int) {
    for (int o = group * grouped; o < min_of(outer, (group + 1) * grouped); ++o) {
      for (int j = 0; j < inner; ++j) {
        const float* p = x + o * slice + j;
        int best = 0;
        float extremum = p[0];
        for (int r = 1; r < middle; ++r) {
          const float value = p[static_cast<size_t>(r) * inner];
          if (op == kArgmax ? value > extremum : value < extremum) {
            extremum = value;
            best = r;
          }
        }
        out[static_cast<size_t>(o) * inner + j] = best;
      }
    }
  });
}

void softmax(const float* x, float* y, int32_t rows, int32_t columns) {
  softmax_rows<false>(x, y, rows, columns);
}

void log_softmax(const float* x, float* y, int32_t rows, int32_t columns) {
  softmax_rows<true>(x, y, rows, columns);
}

}  // namespace KERNEL_ISA

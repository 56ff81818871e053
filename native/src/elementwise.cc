// Elementwise arithmetic, comparison, selection and conversion.
//
// These kernels are bound by memory: an addition moves 12 bytes for one operation, so the best
// they can do is to run at the bandwidth of the cache or memory that holds the data. Work is cut
// into chunks of kChunk elements (three float32 streams of it fill half of a 512 KB L2 cache);
// short arrays stay on the calling thread, because waking another one costs more than they do.
#include "functions.h"
#include "kernels.h"
#include "threads.h"

namespace KERNEL_ISA {
namespace {

constexpr int kChunk = 16384;

// Calls body(first, last) over [0, count) in chunks; short ranges on the calling thread.
template <class Body>
void for_chunks(int count, Body body) {
  parallel_for((count + kChunk - 1) / kChunk,
               [&](int chunk, int) { body(chunk * kChunk, min_of(count, (chunk + 1) * kChunk)); });
}

// out = f(load...) over [first, last): whole vectors, then one partial vector with the same code,
// so that an element's result does not depend on where a chunk ends.
template <class F>
ALWAYS_INLINE void map_range(const float* x, float* out, int first, int last, F f) {
  int i = first;
  for (; i + kWidth <= last; i += kWidth) store(out + i, f(load(x + i)));
  if (i < last) store_part(out + i, f(load_part(x + i, last - i)), last - i);
}

// ---- Binary operations -------------------------------------------------------------------------

// One operation on vectors; results of comparisons are 1 or 0.
template <int kOp>
ALWAYS_INLINE Vec apply_binary(Vec a, Vec b) {
  switch (kOp) {
    case kAdd:
      return a + b;
    case kSub:
      return a - b;
    case kMul:
      return a * b;
    case kDiv:
      return a / b;
    case kMaximum:
      return maximum(a, b);
    case kMinimum:
      return minimum(a, b);
    case kSquaredDifference:
      return (a - b) * (a - b);
    case kReluGrad:
      return choose(b > 0.0f, a, Vec{});
    default:
      break;
  }
  float lanes[kWidth];
  for (int i = 0; i < kWidth; ++i) lanes[i] = power(a[i], b[i]);
  return load(lanes);
}

template <int kOp>
ALWAYS_INLINE IntVec apply_compare(Vec a, Vec b) {
  switch (kOp) {
    case kEqual:
      return a == b;
    case kNotEqual:
      return a != b;
    case kLess:
      return a < b;
    case kLessEqual:
      return a <= b;
    case kGreater:
      return a > b;
    default:
      return a >= b;
  }
}

struct Writer {  // float results
  float* out;
  ALWAYS_INLINE void put(size_t i, Vec v) const { store(out + i, v); }
  ALWAYS_INLINE void put_part(size_t i, Vec v, int count) const { store_part(out + i, v, count); }
};
struct MaskWriter {  // one byte per element from masks
  uint8_t* out;
  ALWAYS_INLINE void put(size_t i, IntVec v) const { store_bytes(out + i, v & 1); }
  ALWAYS_INLINE void put_part(size_t i, IntVec v, int count) const {
    uint8_t bytes[kWidth];
    store_bytes(bytes, v & 1);
    for (int j = 0; j < count; ++j) out[i + j] = bytes[j];
  }
};

struct Strided {  // an operand's row: contiguous, one value for all, or any stride
  const float* p;
  ptrdiff_t stride;
};

template <int kCase>
ALWAYS_INLINE Vec fetch(const Strided& s, int i, int count) {
  if (kCase == 0) return splat(s.p[0]);
  if (kCase == 1) return load_part(s.p + i, count);
  float lanes[kWidth] = {};
  for (int j = 0; j < count; ++j) lanes[j] = s.p[(i + j) * s.stride];
  return load(lanes);
}

template <int kA, int kB, class Out, class F>
ALWAYS_INLINE void map_row_case(Strided a, Strided b, Out out, size_t at, int count, F f) {
  int i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    out.put(at + i, f(fetch<kA>(a, i, kWidth), fetch<kB>(b, i, kWidth)));
  }
  const int rest = count - i;
  if (rest > 0) out.put_part(at + i, f(fetch<kA>(a, i, rest), fetch<kB>(b, i, rest)), rest);
}

template <class Out, class F>
void map_row(Strided a, Strided b, Out out, size_t at, int count, F f) {
  if (a.stride == 1 && b.stride == 1) return map_row_case<1, 1>(a, b, out, at, count, f);
  if (a.stride == 1 && b.stride == 0) return map_row_case<1, 0>(a, b, out, at, count, f);
  if (a.stride == 0 && b.stride == 1) return map_row_case<0, 1>(a, b, out, at, count, f);
  map_row_case<2, 2>(a, b, out, at, count, f);
}

constexpr int kMaxRank = 6;

// Visits all rows (the last dimension); rows are cut at chunks, and short rows are grouped so that
// one task has about kChunk elements.
template <class Out, class F>
void map_broadcast(const float* a, const float* b, Out out, const int32_t* shape, F f) {
  const int rank = shape[0];
  const int32_t *dims = shape + 1, *strideA = dims + rank, *strideB = strideA + rank;
  if (rank == 0) return map_row(Strided{a, 1}, Strided{b, 1}, out, 0, 1, f);
  const int width = dims[rank - 1];
  int rows = 1;
  for (int d = 0; d + 1 < rank; ++d) rows *= dims[d];
  if (rows == 0 || width == 0) return;
  const int parts = (width + kChunk - 1) / kChunk;
  const int grouped = max_of(1, kChunk / width);
  const int groups = (rows + grouped - 1) / grouped;
  parallel_for(groups * parts, [&](int task, int) {
    const int part = task % parts, group = task / parts;
    const int first = part * kChunk, count = min_of(width, first + kChunk) - first;
    int32_t index[kMaxRank] = {};
    int row = group * grouped;
    ptrdiff_t offsetA = 0, offsetB = 0;
    for (int d = rank - 2, rest = row; d >= 0; --d) {
      index[d] = rest % dims[d];
      rest /= dims[d];
      offsetA += static_cast<ptrdiff_t>(index[d]) * strideA[d];
      offsetB += static_cast<ptrdiff_t>(index[d]) * strideB[d];
    }
    for (const int last = min_of(rows, row + grouped); row < last; ++row) {
      const ptrdiff_t sa = strideA[rank - 1], sb = strideB[rank - 1];
      map_row(Strided{a + offsetA + first * sa, sa}, Strided{b + offsetB + first * sb, sb}, out,
              static_cast<size_t>(row) * width + first, count, f);
      for (int d = rank - 2; d >= 0; --d) {
        offsetA += strideA[d];
        offsetB += strideB[d];
        if (++index[d] < dims[d]) break;
        offsetA -= static_cast<ptrdiff_t>(dims[d]) * strideA[d];
        offsetB -= static_cast<ptrdiff_t>(dims[d]) * strideB[d];
        index[d] = 0;
      }
    }
  });
}

template <int kOp>
void run_binary(const float* a, const float* b, float* out, const int32_t* shape) {
  map_broadcast(a, b, Writer{out}, shape, [](Vec x, Vec y) { return apply_binary<kOp>(x, y); });
}
template <int kOp>
void run_compare(const float* a, const float* b, uint8_t* out, const int32_t* shape) {
  map_broadcast(a, b, MaskWriter{out}, shape,
                [](Vec x, Vec y) { return apply_compare<kOp>(x, y); });
}

// ---- Unary operations --------------------------------------------------------------------------

template <int kOp>
ALWAYS_INLINE Vec apply_unary(Vec x, float alpha, float beta) {
  const Vec one = splat(1.0f);
  switch (kOp) {
    case kNeg:
      return -x;
    case kAbs:
      return absolute(x);
    case kSign:
      return choose(x > 0.0f, one, choose(x < 0.0f, -one, Vec{}));
    case kSquare:
      return x * x;
    case kSqrt:
      return square_root(x);
    case kRsqrt:
      return one / square_root(x);
    case kExp:
      return exp(x);
    case kLog:
      return log(x);
    case kReluUnary:
      return maximum(x, Vec{});
    case kLeakyRelu:
      return choose(x < 0.0f, x * alpha, x);
    case kClip:
      return choose(x > beta, splat(beta), choose(x < alpha, splat(alpha), x));
    case kTanh:
      return tanh(x);
    case kSigmoid:
      return sigmoid(x);
    case kReciprocal:
      return one / x;
    case kStep:
      return choose(x > 0.0f, one, choose(x != x, x, splat(alpha)));
    case kLog1p:
      return log1p(x);
    case kExpm1:
      return expm1(x);
    case kSoftplus:
      return softplus(x);
    case kElu:
      return choose(x >= 0.0f, x, expm1(x));
    default:
      return x;
  }
}

template <int kOp>
void run_unary(const float* x, float* out, int32_t count, float alpha, float beta) {
  for_chunks(count, [&](int first, int last) {
    map_range(x, out, first, last, [=](Vec v) __attribute__((always_inline)) {
      return apply_unary<kOp>(v, alpha, beta);
    });
  });
}

}  // namespace

void binary(int32_t op, const float* a, const float* b, float* out, const int32_t* shape) {
  static constexpr void (*kRun[])(const float*, const float*, float*, const int32_t*) = {
      run_binary<kAdd>,
      run_binary<kSub>,
      run_binary<kMul>,
      run_binary<kDiv>,
      run_binary<kMaximum>,
      run_binary<kMinimum>,
      run_binary<kSquaredDifference>,
      run_binary<kPow>,
      run_binary<kReluGrad>,
  };
  kRun[op](a, b, out, shape);
}

void compare(int32_t op, const float* a, const float* b, uint8_t* out, const int32_t* shape) {
  static constexpr void (*kRun[])(const float*, const float*, uint8_t*, const int32_t*) = {
      run_compare<kEqual>,     run_compare<kNotEqual>, run_compare<kLess>,
      run_compare<kLessEqual>, run_compare<kGreater>,  run_compare<kGreaterEqual>,
  };
  kRun[op](a, b, out, shape);
}

void unary(int32_t op, const float* x, float* out, int32_t count, float alpha, float beta) {
  static constexpr void (*kRun[])(const float*, float*, int32_t, float, float) = {
      run_unary<kIdentity>, run_unary<kNeg>,       run_unary<kAbs>,        run_unary<kSign>,
      run_unary<kSquare>,   run_unary<kSqrt>,      run_unary<kRsqrt>,      run_unary<kExp>,
      run_unary<kLog>,      run_unary<kReluUnary>, run_unary<kLeakyRelu>,  run_unary<kClip>,
      run_unary<kTanh>,     run_unary<kSigmoid>,   run_unary<kReciprocal>, run_unary<kStep>,
      run_unary<kLog1p>,    run_unary<kExpm1>,     run_unary<kSoftplus>,   run_unary<kElu>,
  };
  kRun[op](x, out, count, alpha, beta);
}

void where(const uint8_t* condition, const float* a, const float* b, float* out, int32_t count) {
  for_chunks(count, [&](int first, int last) {
    for (int i = first; i < last; ++i) out[i] = condition[i] ? a[i] : b[i];
  });
}

void fill(float* out, int32_t count, float value) {
  for_chunks(count, [&](int first, int last) {
    for (int i = first; i < last; ++i) out[i] = value;
  });
}

void bytes_to_float(const uint8_t* x, float* out, int32_t count, float scale) {
  for_chunks(count, [&](int first, int last) {
    for (int i = first; i < last; ++i) out[i] = static_cast<float>(x[i]) * scale;
  });
}

void ints_to_float(const int32_t* x, float* out, int32_t count) {
  for_chunks(count, [&](int first, int last) {
    for (int i = first; i < last; ++i) out[i] = static_cast<float>(x[i]);
  });
}

}  // namespace KERNEL_ISA

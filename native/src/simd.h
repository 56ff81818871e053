// Vectors of float32 whose width follows from the compiler's flags.
//
// Every kernel file is compiled once per instruction set; the flags alone (`-mavx2 -mfma`, …)
// choose the namespace and the width, so no kernel is written twice. Compiler vector extensions
// (GCC >= 10, Clang >= 14) do nearly all of it, and only freestanding headers are included:
// an inline function of the standard library compiled here with AVX-512 could otherwise be the
// copy that the linker keeps for everyone.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define KERNEL_ISA avx512
#define KERNEL_WIDTH 16
#elif defined(__AVX2__) && defined(__FMA__)
#define KERNEL_ISA avx2
#define KERNEL_WIDTH 8
#elif defined(__wasm_simd128__)
#define KERNEL_ISA wasm
#define KERNEL_WIDTH 4
#elif defined(__ARM_NEON)
#define KERNEL_ISA neon
#define KERNEL_WIDTH 4
#else
#define KERNEL_ISA portable
#define KERNEL_WIDTH 4
#endif

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif
#define ALWAYS_INLINE inline __attribute__((always_inline))

namespace KERNEL_ISA {

constexpr int kWidth = KERNEL_WIDTH;
typedef float Vec __attribute__((vector_size(kWidth * 4)));
typedef int32_t IntVec __attribute__((vector_size(kWidth * 4)));
typedef uint8_t ByteVec __attribute__((vector_size(kWidth)));

// Unaligned loads and stores (one instruction each).
static ALWAYS_INLINE Vec load(const float* p) {
  Vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
static ALWAYS_INLINE void store(float* p, Vec v) { __builtin_memcpy(p, &v, sizeof v); }
// Bytes to 32-bit lanes and back. GCC 12 takes its vectors apart for these conversions, hence the
// intrinsics.
static ALWAYS_INLINE IntVec load_bytes(const uint8_t* p) {
#if KERNEL_WIDTH == 16
  return (IntVec)_mm512_maskz_cvtepu8_epi32(0xffff,
                                            _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#elif KERNEL_WIDTH == 8
  return (IntVec)_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
#else
  ByteVec v;
  __builtin_memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, IntVec);
#endif
}
static ALWAYS_INLINE void store_bytes(uint8_t* p, IntVec v) {
#if KERNEL_WIDTH == 8
  const __m256i words = _mm256_packus_epi32((__m256i)v, (__m256i)v);
  const __m128i all =
      _mm_unpacklo_epi64(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(all, all));
#else
  const ByteVec b = __builtin_convertvector(v, ByteVec);
  __builtin_memcpy(p, &b, sizeof b);
#endif
}

// The first `count` <= kWidth elements; the other lanes are 0 (load) or left alone (store).
static ALWAYS_INLINE Vec load_part(const float* p, int count) {
  if (count == kWidth) return load(p);
  float buffer[kWidth] = {};
  for (int i = 0; i < count; ++i) buffer[i] = p[i];
  return load(buffer);
}
static ALWAYS_INLINE IntVec load_bytes_part(const uint8_t* p, int count) {
  if (count == kWidth) return load_bytes(p);
  uint8_t buffer[kWidth] = {};
  for (int i = 0; i < count; ++i) buffer[i] = p[i];
  return load_bytes(buffer);
}
static ALWAYS_INLINE void store_part(float* p, Vec v, int count) {
  if (count == kWidth) return store(p, v);
  float buffer[kWidth];
  store(buffer, v);
  for (int i = 0; i < count; ++i) p[i] = buffer[i];
}

// x in every lane. x - 0 and not x + 0: the latter would turn -0 into 0.
static ALWAYS_INLINE Vec splat(float x) { return x - Vec{}; }

static ALWAYS_INLINE IntVec as_int(Vec v) { return (IntVec)v; }
static ALWAYS_INLINE Vec as_float(IntVec v) { return (Vec)v; }
// mask ? a : b, where a mask's lanes are 0 or -1, as comparisons give them.
static ALWAYS_INLINE IntVec choose(IntVec mask, IntVec a, IntVec b) {
#if KERNEL_WIDTH == 16
  return mask ? a : b;  // one instruction, where GCC makes two of the other form
#else
  return (mask & a) | (~mask & b);
#endif
}
static ALWAYS_INLINE Vec choose(IntVec mask, Vec a, Vec b) {
  return as_float(choose(mask, as_int(a), as_int(b)));
}

static ALWAYS_INLINE bool any_lane(IntVec v) {
#if KERNEL_WIDTH == 16
  return _mm512_test_epi32_mask((__m512i)v, (__m512i)v) != 0;
#elif KERNEL_WIDTH == 8
  return !_mm256_testz_si256((__m256i)v, (__m256i)v);
#else
  uint64_t halves[2];
  __builtin_memcpy(halves, &v, sizeof v);
  return (halves[0] | halves[1]) != 0;
#endif
}

// NaN propagates, as with JavaScript's Math.max and Math.min and unlike the bare instructions.
static ALWAYS_INLINE Vec maximum(Vec a, Vec b) { return choose((a > b) | (a != a), a, b); }
static ALWAYS_INLINE Vec minimum(Vec a, Vec b) { return choose((a < b) | (a != a), a, b); }

// Four floats, for short rows and for transposing.
typedef float Quad __attribute__((vector_size(16)));
typedef int32_t QuadIndex __attribute__((vector_size(16)));
#if defined(__clang__)
#define SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, QuadIndex{i, j, k, l})
#endif
static ALWAYS_INLINE Quad load_quad(const float* p) {
  Quad q;
  __builtin_memcpy(&q, p, sizeof q);
  return q;
}
static ALWAYS_INLINE void store_quad(float* p, Quad q) { __builtin_memcpy(p, &q, sizeof q); }

// to[j * toStride + i] = from[i * fromStride + j] for i, j < 4.
static ALWAYS_INLINE void transpose_4x4(const float* from, ptrdiff_t fromStride, float* to,
                                        ptrdiff_t toStride) {
  const Quad a = load_quad(from), b = load_quad(from + fromStride);
  const Quad c = load_quad(from + 2 * fromStride), d = load_quad(from + 3 * fromStride);
  const Quad ab0 = SHUFFLE(a, b, 0, 4, 1, 5), ab1 = SHUFFLE(a, b, 2, 6, 3, 7);
  const Quad cd0 = SHUFFLE(c, d, 0, 4, 1, 5), cd1 = SHUFFLE(c, d, 2, 6, 3, 7);
  store_quad(to, SHUFFLE(ab0, cd0, 0, 1, 4, 5));
  store_quad(to + toStride, SHUFFLE(ab0, cd0, 2, 3, 6, 7));
  store_quad(to + 2 * toStride, SHUFFLE(ab1, cd1, 0, 1, 4, 5));
  store_quad(to + 3 * toStride, SHUFFLE(ab1, cd1, 2, 3, 6, 7));
}

static ALWAYS_INLINE float sum_lanes(Vec v) {
  float lanes[kWidth];
  store(lanes, v);
  UNROLL
  for (int step = kWidth / 2; step > 0; step /= 2) {
    for (int i = 0; i < step; ++i) lanes[i] += lanes[i + step];
  }
  return lanes[0];
}

static ALWAYS_INLINE Vec activate(Vec v, int activation) {
  if (activation == 0) return v;
  v = maximum(v, Vec{});
  return activation == 2 ? minimum(v, splat(6.0f)) : v;
}

constexpr int round_up(int value, int multiple) {
  return (value + multiple - 1) / multiple * multiple;
}
constexpr int min_of(int a, int b) { return a < b ? a : b; }
constexpr int max_of(int a, int b) { return a > b ? a : b; }

}  // namespace KERNEL_ISA

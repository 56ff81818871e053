// Elementary functions on vectors of float32, written here so that they exist without a C
// library (WebAssembly) and give the same bits whatever the library is. Errors are a few units in
// the last place; infinities and NaN come out as in IEEE 754's recommended functions.
//
// exp: x = n ln2 + r, |r| <= ln2/2; a polynomial for e^r; scaling by 2^n in two steps so that
// results near overflow and denormal results come out right.
// log: x = 2^k (1 + f), sqrt(1/2) <= 1 + f < sqrt(2); log(1+f) by the series in s = f / (2 + f)
// with the coefficients of FreeBSD's logf (after K. C. Ng).
#pragma once
#include "simd.h"

namespace KERNEL_ISA {

static ALWAYS_INLINE Vec absolute(Vec x) { return as_float(as_int(x) & 0x7fffffff); }

// 2^n for n in [-126, 127].
static ALWAYS_INLINE Vec power_of_two(IntVec n) { return as_float((n + 127) << 23); }

struct ExpParts {
  Vec minusOne;  // e^r - 1
  IntVec n;
};

static ALWAYS_INLINE ExpParts exp_parts(Vec x) {
  // Adding 1.5 * 2^23 leaves the nearest integer in the low bits.
  const Vec shifted = x * 1.44269504f + 12582912.0f;
  const IntVec n = as_int(shifted) - 0x4b400000;
  const Vec whole = shifted - 12582912.0f;
  const Vec r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  Vec p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return {p * (r * r) + r, n};
}

static ALWAYS_INLINE Vec scale_by_power(Vec x, IntVec n) {
  const IntVec half = n >> 1;
  return x * power_of_two(half) * power_of_two(n - half);
}

static ALWAYS_INLINE Vec exp(Vec x) {
  // Beyond these bounds the result is 0 or infinity; NaN passes the comparisons unchanged.
  Vec bounded = choose(x < -104.0f, splat(-104.0f), x);
  bounded = choose(bounded > 89.0f, splat(89.0f), bounded);
  const ExpParts e = exp_parts(bounded);
  const IntVec n = choose(x != x, IntVec{}, e.n);
  return scale_by_power(e.minusOne + 1.0f, n);
}

static ALWAYS_INLINE Vec expm1(Vec x) {
  // Below -18 the result is -1 to the last bit; above 88.8 it is infinite.
  Vec bounded = choose(x < -18.0f, splat(-18.0f), x);
  bounded = choose(bounded > 89.0f, splat(89.0f), bounded);
  const ExpParts e = exp_parts(bounded);
  const IntVec n = choose(x != x, IntVec{}, e.n);
  const Vec result = scale_by_power(e.minusOne, n) + (scale_by_power(splat(1.0f), n) - 1.0f);
  // Where 2^n overflows to infinity the sum would be inf - inf for a negative e^r - 1.
  return choose(x > 88.0f, exp(x), result);
}

static ALWAYS_INLINE Vec log(Vec x) {
  const IntVec tiny = (x < 1.17549435e-38f) & (x > 0.0f);
  // NaN's bits would overflow below; it is put back at the end.
  const Vec scaled = choose(tiny, x * 33554432.0f, choose(x != x, splat(1.0f), x));
  IntVec bits = as_int(scaled) + (0x3f800000 - 0x3f3504f3);
  const IntVec k = (bits >> 23) - 127 - choose(tiny, IntVec{} + 25, IntVec{});
  bits = (bits & 0x007fffff) + 0x3f3504f3;
  const Vec f = as_float(bits) - 1.0f;
  const Vec s = f / (f + 2.0f);
  const Vec z = s * s, w = z * z;
  const Vec r =
      w * (0.40000972152f + w * 0.24279078841f) + z * (0.66666662693f + w * 0.28498786688f);
  const Vec half = f * f * 0.5f;
  const Vec dk = __builtin_convertvector(k, Vec);
  Vec result = s * (half + r) + dk * 9.0580006145e-06f - half + f + dk * 6.9313812256e-01f;
  const Vec infinity = splat(__builtin_inff());
  result = choose(x == infinity, infinity, result);
  result = choose(x == 0.0f, -infinity, result);
  result = choose((x < 0.0f) | (x != x), splat(__builtin_nanf("")), result);
  return result;
}

// Kahan's correction: the error of u = 1 + x cancels in log(u) / (u - 1).
static ALWAYS_INLINE Vec log1p(Vec x) {
  const Vec u = x + 1.0f;
  const Vec result = log(u) * (x / (u - 1.0f));
  return choose((u == 1.0f), x,
                choose(u == splat(__builtin_inff()), u, choose(u == 0.0f, log(u), result)));
}

static ALWAYS_INLINE Vec tanh(Vec x) {
  const Vec magnitude = absolute(x);
  const Vec bounded = choose(magnitude > 10.0f, splat(10.0f), magnitude);
  const Vec e = expm1(bounded * 2.0f);
  const Vec t = e / (e + 2.0f);
  return as_float(as_int(t) | (as_int(x) & (int32_t)0x80000000));
}

static ALWAYS_INLINE Vec sigmoid(Vec x) {
  const Vec e = exp(-absolute(x));
  return choose(x < 0.0f, e, splat(1.0f)) / (e + 1.0f);
}

static ALWAYS_INLINE Vec softplus(Vec x) {
  return choose(x > 0.0f, x, choose(x != x, x, Vec{})) + log1p(exp(-absolute(x)));
}

static ALWAYS_INLINE Vec square_root(Vec x) {
  float lanes[kWidth];
  store(lanes, x);
  UNROLL
  for (int i = 0; i < kWidth; ++i) lanes[i] = __builtin_sqrtf(lanes[i]);
  return load(lanes);
}

// ---- Powers ----------------------------------------------------------------------------------
// a^b = e^(b log a) needs log a to more digits than float32 has (the error grows with b log a),
// so one power is computed in float64, a scalar at a time: powers are rare.

static inline double log_double(double x) {  // x > 0, normal, from a float32
  int64_t bits;
  __builtin_memcpy(&bits, &x, 8);
  bits += 0x3ff0000000000000LL - 0x3fe6a09e667f3bcdLL;
  const double k = static_cast<double>((bits >> 52) - 1023);
  bits = (bits & 0x000fffffffffffffLL) + 0x3fe6a09e667f3bcdLL;
  double m;
  __builtin_memcpy(&m, &bits, 8);
  const double s = (m - 1) / (m + 1), z = s * s;
  double p = 1.0 / 19;
  for (int i = 17; i >= 1; i -= 2) p = p * z + 1.0 / i;
  return 2 * s * p + k * 0.693147180559945309417;
}

static inline double exp_double(double x) {  // |x| <= 200
  const double n = __builtin_floor(x * 1.44269504088896340736 + 0.5);
  const double r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
  double p = 1.0;
  for (int i = 13; i >= 1; --i) p = p * r / i + 1.0;
  const int64_t bits = (static_cast<int64_t>(n) + 1023) << 52;
  double scale;
  __builtin_memcpy(&scale, &bits, 8);
  return p * scale;
}

// As JavaScript's Math.pow, which gives NaN for 1 to a NaN or infinite power.
static inline float power(float a, float b) {
  if (b == 0.0f) return 1.0f;
  if (a != a || b != b) return __builtin_nanf("");
  const float infinity = __builtin_inff();
  const float magnitude = __builtin_fabsf(a);
  if (__builtin_fabsf(b) == infinity) {
    if (magnitude == 1.0f) return __builtin_nanf("");
    return (magnitude > 1.0f) == (b > 0.0f) ? infinity : 0.0f;
  }
  // From 2^24 on every float32 is an even integer.
  const bool whole = __builtin_fabsf(b) >= 16777216.0f || b == static_cast<int32_t>(b);
  const bool odd = __builtin_fabsf(b) < 16777216.0f && whole && (static_cast<int32_t>(b) & 1);
  float result;
  if (magnitude == 0.0f) {
    result = b > 0.0f ? 0.0f : infinity;
  } else if (magnitude == infinity) {
    result = b > 0.0f ? infinity : 0.0f;
  } else {
    if (a < 0.0f && !whole) return __builtin_nanf("");
    double exponent = b * log_double(magnitude);
    exponent = exponent > 200 ? 200 : exponent < -200 ? -200 : exponent;
    result = static_cast<float>(exp_double(exponent));
  }
  return __builtin_signbit(a) && odd ? -result : result;
}

}  // namespace KERNEL_ISA

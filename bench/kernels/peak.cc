// The machine's peak for one instruction set: independent multiply-adds in registers, nothing
// else. Compiled once per variant, like the kernels.
#include "simd.h"

namespace KERNEL_ISA {

// Runs `steps` rounds of 2 * 12 * kWidth floating-point operations; returns their number.
extern double (*const kPeak)(int steps, float* sink);
static double run_peak(int steps, float* sink) {
  Vec acc[12];
  const Vec scale = splat(sink[0]), shift = splat(sink[1]);
  UNROLL
  for (int i = 0; i < 12; ++i) acc[i] = splat(sink[i]);
  for (int s = 0; s < steps; ++s) {
    UNROLL
    for (int i = 0; i < 12; ++i) acc[i] = acc[i] * scale + shift;
    // Keeps the compiler from moving anything out of the loop.
#if defined(__aarch64__)
    UNROLL
    for (int i = 0; i < 12; ++i) asm volatile("" : "+w"(acc[i]));
#else
    UNROLL
    for (int i = 0; i < 12; ++i) asm volatile("" : "+x"(acc[i]));
#endif
  }
  Vec sum = {};
  UNROLL
  for (int i = 0; i < 12; ++i) sum += acc[i];
  sink[0] = sum[0];
  return 2.0 * 12 * kWidth * steps;
}
double (*const kPeak)(int, float*) = run_peak;

}  // namespace KERNEL_ISA

// What the kernels of the training block share: its geometry, and the winner of a window.
#pragma once
#include "conv.h"

namespace KERNEL_ISA {
namespace {

constexpr int kNoGradient = 255;  // argmax where ReLU gave 0

// A convolution that computes only the outputs that the pool reads.
struct Block : Conv {
  int pool, pooledH, pooledW;
  Block(const int32_t* g, int pool)
      : Conv(g, g[7] / pool * pool, g[8] / pool * pool), pool(pool), pooledH(g[7] / pool),
        pooledW(g[8] / pool) {}
  int windows() const { return pooledH * pooledW; }
  size_t pooled_size() const { return static_cast<size_t>(windows()) * outC; }
  ptrdiff_t window_offset(int window) const {
    return pixel_offset(window / pooledW * pool, window % pooledW * pool);
  }
};

// The maximum of a window and its index in the window. Starting from 0 applies ReLU: a value that
// does not exceed 0 never wins.
struct Winner {
  Vec best = {};
  IntVec index = IntVec{} + kNoGradient;
  ALWAYS_INLINE void update(Vec value, int at) {
    const IntVec better = (value > best) | (value != value);
    best = choose(better, value, best);
    index = choose(better, IntVec{} + at, index);
  }
  ALWAYS_INLINE void store_to(float* y, uint8_t* argmax, int count) const {
    store_part(y, best, count);
    if (count == kWidth) return store_bytes(argmax, index);
    for (int i = 0; i < count; ++i) argmax[i] = static_cast<uint8_t>(index[i]);
  }
};

}  // namespace
}  // namespace KERNEL_ISA

// Optimizer steps, in place. Bound by memory: Adam reads and writes 28 bytes a weight. A partial
// vector at the end of an array runs the same code as whole ones, so each weight's result depends
// on its own history only.
#include "functions.h"
#include "kernels.h"
#include "threads.h"

namespace KERNEL_ISA {
namespace {

constexpr int kStepChunk = 8192;

// Calls body(offset, count) for each vector of [0, count), in chunks of kStepChunk.
template <class Body>
void for_vectors(int count, Body body) {
  parallel_for((count + kStepChunk - 1) / kStepChunk, [&](int chunk, int) {
    const int last = min_of(count, (chunk + 1) * kStepChunk);
    int i = chunk * kStepChunk;
    for (; i + kWidth <= last; i += kWidth) body(i, kWidth);
    if (i < last) body(i, last - i);
  });
}

}  // namespace

void sgd_step(float* weight, float* velocity, const float* gradient, int32_t count,
              float learningRate, float momentum) {
  for_vectors(count, [=](int i, int n) {
    const Vec v = load_part(velocity + i, n) * momentum + load_part(gradient + i, n);
    store_part(velocity + i, v, n);
    store_part(weight + i, load_part(weight + i, n) - v * learningRate, n);
  });
}

void adam_step(float* weight, float* m, float* v, const float* gradient, int32_t count,
               float learningRate, float beta1, float beta2, float epsilon, float correction1,
               float correction2) {
  const float scale1 = 1.0f / correction1, scale2 = 1.0f / correction2;
  for_vectors(count, [=](int i, int n) {
    const Vec g = load_part(gradient + i, n);
    const Vec first = load_part(m + i, n) * beta1 + g * (1.0f - beta1);
    const Vec second = load_part(v + i, n) * beta2 + g * g * (1.0f - beta2);
    store_part(m + i, first, n);
    store_part(v + i, second, n);
    const Vec step = first * scale1 * learningRate / (square_root(second * scale2) + epsilon);
    store_part(weight + i, load_part(weight + i, n) - step, n);
  });
}

}  // namespace KERNEL_ISA

// Chooses the instruction set at load and forwards each entry point of kernels.h to it.
//
// The thread pool and the scratch memory serve one caller at a time; a lock makes a second
// JavaScript thread wait (an uncontended lock costs about 20 ns a call).
#include "table.h"
#include "threads.h"

#if defined(__wasm__)
#define VARIANTS(X) X(wasm, 4, true)
#elif defined(__aarch64__)
#define VARIANTS(X) X(neon, 3, true)
#elif defined(__x86_64__)
#define VARIANTS(X)                                                               \
  X(avx512, 2,                                                                    \
    __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&    \
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) \
  X(avx2, 1, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))     \
  X(portable, 0, true)
#else
#define VARIANTS(X) X(portable, 0, true)
#endif

#define DECLARE(name, number, available) \
  namespace name {                       \
  extern const KernelTable kTable;       \
  }
VARIANTS(DECLARE)
#undef DECLARE

namespace {

const KernelTable* table = nullptr;
int32_t chosen = -1;

// Takes the first (fastest) variant that this machine supports, or only the one asked for.
bool choose_table(int32_t wanted) {
#define TRY(name, number, available)                       \
  if ((wanted < 0 || wanted == (number)) && (available)) { \
    table = &name::kTable;                                 \
    chosen = (number);                                     \
    return true;                                           \
  }
  VARIANTS(TRY)
#undef TRY
  return false;
}

}  // namespace

#if defined(__wasm__)
namespace {
struct DispatchLock {};  // WebAssembly without threads: there is no second caller
}  // namespace
#else
#include <mutex>
namespace {
std::mutex dispatchMutex;
struct DispatchLock : std::lock_guard<std::mutex> {
  DispatchLock() : std::lock_guard<std::mutex>(dispatchMutex) {}
};
}  // namespace
#endif

namespace {
// Forwards a call to the chosen variant of a kernel.
template <class Function, class... Arguments>
inline void forward(Function KernelTable::* kernel, Arguments... arguments) {
  [[maybe_unused]] const DispatchLock lock;
  if (table == nullptr) choose_table(-1);
  (table->*kernel)(arguments...);
}
}  // namespace

extern "C" {

void set_threads(int32_t count) {
  [[maybe_unused]] const DispatchLock lock;
  resize_threads(count);
}

int32_t instruction_set() {
  [[maybe_unused]] const DispatchLock lock;
  if (table == nullptr) choose_table(-1);
  return chosen;
}

int32_t set_instruction_set(int32_t isa) {
  [[maybe_unused]] const DispatchLock lock;
  return choose_table(isa) ? 1 : 0;
}

void conv2d(const float* x, const float* w, const float* bias, float* y, const int32_t* geometry,
            int32_t activation) {
  forward(&KernelTable::conv2d, x, w, bias, y, geometry, activation);
}
void conv2d_backprop_input(const float* dy, const float* w, float* dx, const int32_t* geometry) {
  forward(&KernelTable::conv2d_backprop_input, dy, w, dx, geometry);
}
void conv2d_backprop_filter(const float* x, const float* dy, float* dw, const int32_t* geometry) {
  forward(&KernelTable::conv2d_backprop_filter, x, dy, dw, geometry);
}
void conv2d_relu_pool(const float* x, const float* w, const float* bias, float* y, uint8_t* argmax,
                      const int32_t* geometry, int32_t pool) {
  forward(&KernelTable::conv2d_relu_pool, x, w, bias, y, argmax, geometry, pool);
}
void conv2d_relu_pool_backprop_filter(const float* x, const float* dy, const uint8_t* argmax,
                                      float* dw, float* dbias, const int32_t* geometry,
                                      int32_t pool) {
  forward(&KernelTable::conv2d_relu_pool_backprop_filter, x, dy, argmax, dw, dbias, geometry, pool);
}
void conv2d_relu_pool_backprop_input(const float* dy, const uint8_t* argmax, const float* w,
                                     float* dx, const int32_t* geometry, int32_t pool) {
  forward(&KernelTable::conv2d_relu_pool_backprop_input, dy, argmax, w, dx, geometry, pool);
}
void max_pool(const float* x, float* y, const int32_t* geometry) {
  forward(&KernelTable::max_pool, x, y, geometry);
}
void max_pool_grad(const float* x, const float* dy, float* dx, const int32_t* geometry) {
  forward(&KernelTable::max_pool_grad, x, dy, dx, geometry);
}
void avg_pool(const float* x, float* y, const int32_t* geometry) {
  forward(&KernelTable::avg_pool, x, y, geometry);
}
void avg_pool_grad(const float* dy, float* dx, const int32_t* geometry) {
  forward(&KernelTable::avg_pool_grad, dy, dx, geometry);
}
void mat_mul(const float* a, const float* b, const float* bias, float* c, int32_t batch, int32_t m,
             int32_t k, int32_t n, int32_t strideA, int32_t strideB, int32_t transposeA,
             int32_t transposeB, int32_t activation) {
  forward(&KernelTable::mat_mul, a, b, bias, c, batch, m, k, n, strideA, strideB, transposeA,
          transposeB, activation);
}
void binary(int32_t op, const float* a, const float* b, float* out, const int32_t* shape) {
  forward(&KernelTable::binary, op, a, b, out, shape);
}
void compare(int32_t op, const float* a, const float* b, uint8_t* out, const int32_t* shape) {
  forward(&KernelTable::compare, op, a, b, out, shape);
}
void unary(int32_t op, const float* x, float* out, int32_t count, float alpha, float beta) {
  forward(&KernelTable::unary, op, x, out, count, alpha, beta);
}
void where(const uint8_t* condition, const float* a, const float* b, float* out, int32_t count) {
  forward(&KernelTable::where, condition, a, b, out, count);
}
void fill(float* out, int32_t count, float value) {
  forward(&KernelTable::fill, out, count, value);
}
void bytes_to_float(const uint8_t* x, float* out, int32_t count, float scale) {
  forward(&KernelTable::bytes_to_float, x, out, count, scale);
}
void ints_to_float(const int32_t* x, float* out, int32_t count) {
  forward(&KernelTable::ints_to_float, x, out, count);
}
void reduce(int32_t op, const float* x, float* out, int32_t outer, int32_t middle, int32_t inner) {
  forward(&KernelTable::reduce, op, x, out, outer, middle, inner);
}
void arg_reduce(int32_t op, const float* x, int32_t* out, int32_t outer, int32_t middle,
                int32_t inner) {
  forward(&KernelTable::arg_reduce, op, x, out, outer, middle, inner);
}
void softmax(const float* x, float* y, int32_t rows, int32_t columns) {
  forward(&KernelTable::softmax, x, y, rows, columns);
}
void log_softmax(const float* x, float* y, int32_t rows, int32_t columns) {
  forward(&KernelTable::log_softmax, x, y, rows, columns);
}
void gather(const float* x, const int32_t* indices, float* out, int32_t outer, int32_t axis,
            int32_t inner, int32_t count) {
  forward(&KernelTable::gather, x, indices, out, outer, axis, inner, count);
}
void transpose(const float* x, float* out, const int32_t* shape) {
  forward(&KernelTable::transpose, x, out, shape);
}
void sgd_step(float* weight, float* velocity, const float* gradient, int32_t count,
              float learningRate, float momentum) {
  forward(&KernelTable::sgd_step, weight, velocity, gradient, count, learningRate, momentum);
}
void adam_step(float* weight, float* m, float* v, const float* gradient, int32_t count,
               float learningRate, float beta1, float beta2, float epsilon, float correction1,
               float correction2) {
  forward(&KernelTable::adam_step, weight, m, v, gradient, count, learningRate, beta1, beta2,
          epsilon, correction1, correction2);
}

}  // extern "C"

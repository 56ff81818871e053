// Chooses the instruction set whose kernels run.
#include "kernels.h"
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

const KernelTable& kernels() {
  if (table == nullptr) choose_table(-1);
  return *table;
}

extern "C" {

int32_t set_threads(int32_t count) { return resize_threads(count); }

int32_t instruction_set() {
  kernels();
  return chosen;
}

int32_t set_instruction_set(int32_t isa) { return choose_table(isa) ? 1 : 0; }

}  // extern "C"

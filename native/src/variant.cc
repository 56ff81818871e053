// All kernel families as one translation unit, compiled once per instruction set (see simd.h).
#include "kernels.h"
#include "simd.h"

// The WebAssembly module exports its kernels under their own names.
#if defined(__wasm__)
#define EXPORTED(name) __attribute__((export_name(#name)))
#else
#define EXPORTED(name)
#endif

namespace KERNEL_ISA {
#define KERNEL(name, ...) EXPORTED(name) void name(__VA_ARGS__);
#include "kernel_list.h"
}  // namespace KERNEL_ISA

#include "conv.cc"
#include "conv_block.cc"
#include "depthwise.cc"
#include "elementwise.cc"
#include "matmul.cc"
#include "move.cc"
#include "optimizer.cc"
#include "pool.cc"
#include "random.cc"
#include "reduce.cc"

namespace KERNEL_ISA {
extern const KernelTable kTable;
const KernelTable kTable = {
#define KERNEL(name, ...) &KERNEL_ISA::name,
#include "kernel_list.h"
};
}  // namespace KERNEL_ISA

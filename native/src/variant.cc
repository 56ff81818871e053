// All kernel families as one translation unit, compiled once per instruction set (see simd.h).
#include "conv.cc"
#include "conv_block.cc"
#include "elementwise.cc"
#include "matmul.cc"
#include "move.cc"
#include "optimizer.cc"
#include "pool.cc"
#include "reduce.cc"
#include "table.h"

namespace KERNEL_ISA {
extern const KernelTable kTable;
const KernelTable kTable = {
#define ENTRY(name) &KERNEL_ISA::name,
    FOR_EACH_KERNEL(ENTRY)
#undef ENTRY
};
}  // namespace KERNEL_ISA

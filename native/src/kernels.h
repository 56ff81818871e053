// What the bindings and programs see of the kernels: a table of function pointers, one for each
// entry of kernel_list.h, and the choice of the instruction set that it was compiled for.
#pragma once
#include <stdint.h>

// A pointer that may be null.
template <class Pointer>
using Optional = Pointer;

struct KernelTable {
#define KERNEL(name, ...) void (*name)(__VA_ARGS__);
#include "kernel_list.h"
};

// The kernels of the chosen instruction set: the fastest that this machine supports, until another
// one is set. The thread pool and the scratch memory serve one caller at a time.
const KernelTable& kernels();

extern "C" {

// How many threads kernels run on from now on. Returns how many there are: fewer than `count` when
// the system does not start more.
int32_t set_threads(int32_t count);
// The instruction set of the kernels: 0 portable, 1 AVX2+FMA, 2 AVX-512, 3 NEON, 4 WebAssembly
// SIMD128.
int32_t instruction_set();
// Chooses another instruction set (for tests); 0 if this machine or build lacks it.
int32_t set_instruction_set(int32_t isa);
// Runs `length` words of kernel calls on the memory that `slots` point to (see plan.cc).
void run_plan(const int32_t* words, int32_t length, uint8_t* const* slots);

}  // extern "C"

// Numbers that kernels take. `native/build/kernels.mjs` writes them as TypeScript, without the k.
enum Activation { kLinear = 0, kRelu = 1, kRelu6 = 2 };
enum BinaryOp {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMaximum,
  kMinimum,
  kSquaredDifference,
  kPow,
  kReluGrad,  // a * (b > 0): gradient a, forward input or output b
};
enum CompareOp { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
enum UnaryOp {
  kIdentity,
  kNeg,
  kAbs,
  kSign,
  kSquare,
  kSqrt,
  kRsqrt,
  kExp,
  kLog,
  kReluUnary,
  kLeakyRelu,
  kClip,
  kTanh,
  kSigmoid,
  kReciprocal,
  kStep,
  kLog1p,
  kExpm1,
  kSoftplus,
  kElu,
};
enum ReduceOp { kSum, kMean, kMax, kMin, kProd };
enum ArgReduceOp { kArgmax, kArgmin };

// The thread pool and the scratch memory of the kernels.
//
// parallel_for(count, task) runs task(index, worker) for every index in [0, count). The caller is
// worker 0 and takes tasks too; indices are handed out one at a time, so a worker that the system
// pre-empts delays one task and not a share of all. Which worker runs which index is not
// determined: tasks write to disjoint memory, and sums are made per index and added in order.
// The pool is in threads.cc, that of WebAssembly in wasm_threads.cc.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Runs task(context, index, worker) for each index; returns when all are done. Not reentrant.
void parallel_run(int count, void (*task)(void* context, int index, int worker), void* context);

// The most workers, the caller included. On WebAssembly each has a JavaScript engine of its own.
#if defined(__wasm__)
constexpr int kMaxWorkers = 32;
#else
constexpr int kMaxWorkers = 256;
#endif

// Sets how many workers there are from now on, the caller included; returns how many there are,
// which is fewer where the system does not start more threads, or more are asked for than
// kMaxWorkers. Not while one runs.
int resize_threads(int count);

// Memory of at least `floats` elements, 64-byte aligned, with 64 readable elements after the
// end. It belongs to (worker, slot) and is valid until the next request for the same pair.
// Contents are undefined.
float* scratch(int worker, int slot, size_t floats);

// Who uses which slot: a kernel holds several at once.
enum ScratchSlot {
  kScratchPacked,   // packed weights or matrix panels, written before the parallel part
  kScratchPartial,  // per-group sums; a second form of the weights
  kScratchImage,    // a padded copy of one image, or of its gradient
  kScratchOutput,   // one image's output gradients; the list of its pixels
  kScratchTile,     // tiles or patches between two stages
  kScratchList,     // lists of non-zeros
  kScratchOffsets,  // offsets of runs or rows
  kScratchSlots
};

namespace {  // one copy per variant: see simd.h
template <class Task>
inline void parallel_for(int count, const Task& task) {
  parallel_run(
      count,
      [](void* context, int index, int worker) {
        (*static_cast<const Task*>(context))(index, worker);
      },
      const_cast<Task*>(&task));
}

// Work of fewer operations than this (some 10 microseconds of one core) is not worth waking
// another thread for.
constexpr int64_t kWorthSharing = 3 << 16;

// The same on the calling thread alone if there are too few operations in all.
template <class Task>
inline void parallel_for_work(int64_t operations, int count, const Task& task) {
  if (operations >= kWorthSharing) return parallel_for(count, task);
  for (int index = 0; index < count; ++index) task(index, 0);
}
}  // namespace

// The WebAssembly binding. The kernels are exported as they are (see variant.cc): a pointer is an
// offset into the module's memory, and `native/backend/wasm.ts` passes tensors that live there
// without a copy. This file adds what a freestanding module lacks: an allocator, a buffer for small
// arguments, and the three functions that compilers call on their own.
#include <stddef.h>
#include <stdint.h>

#include "kernels.h"

extern unsigned char __heap_base;

namespace {

constexpr size_t kPage = 65536;
// Memory grows in steps this large, since each growth detaches every view that JavaScript holds.
constexpr size_t kGrowth = size_t{16} << 20;
constexpr size_t kAlignment = 64;

// Sizes are rounded up to a class, four classes to each power of two (at most 25 % of waste), and
// each class keeps its free blocks in a list that is threaded through the blocks themselves.
constexpr int kClasses = 4 * 32;

struct FreeBlock {
  FreeBlock* next;
};

FreeBlock* freeBlocks[kClasses];
uintptr_t regionStart = 0;
uintptr_t regionEnd = 0;

struct SizeClass {
  int index;
  size_t bytes;
};

SizeClass size_class(size_t bytes) {
  if (bytes <= 4 * kAlignment) {
    const size_t units = bytes == 0 ? 1 : (bytes + kAlignment - 1) / kAlignment;
    return {static_cast<int>(units - 1), units * kAlignment};
  }
  const int log = 31 - __builtin_clz(static_cast<uint32_t>(bytes - 1));
  const size_t step = size_t{1} << (log - 2);
  const size_t quarters = (bytes + step - 1) / step;  // 5, 6, 7 or 8
  return {4 * (log - 7) + static_cast<int>(quarters - 5), quarters * step};
}

bool grow(size_t bytes) {
  const size_t generous = bytes > kGrowth ? bytes : kGrowth;
  size_t pages = (generous + kPage - 1) / kPage;
  size_t previous = __builtin_wasm_memory_grow(0, pages);
  if (previous == SIZE_MAX) {
    pages = (bytes + kPage - 1) / kPage;
    previous = __builtin_wasm_memory_grow(0, pages);
    if (previous == SIZE_MAX) return false;
  }
  const uintptr_t start = previous * kPage;
  if (start != regionEnd) regionStart = start;  // the memory was grown elsewhere in between
  regionEnd = start + pages * kPage;
  return true;
}

alignas(kAlignment) unsigned char argumentArea[4096];

}  // namespace

extern "C" {

// A block of at least `bytes`, aligned to 64, or null when the memory cannot grow any further.
// `bytes` is at most 7 * 2^29: the size class above it does not fit into 32 bits.
uint8_t* allocate(uint32_t bytes) {
  const SizeClass size = size_class(bytes);
  if (FreeBlock* block = freeBlocks[size.index]) {
    freeBlocks[size.index] = block->next;
    return reinterpret_cast<uint8_t*>(block);
  }
  if (regionEnd == 0) {
    const uintptr_t base = reinterpret_cast<uintptr_t>(&__heap_base);
    regionStart = (base + kAlignment - 1) & ~(kAlignment - 1);
    regionEnd = __builtin_wasm_memory_size(0) * kPage;
  }
  if (regionEnd - regionStart < size.bytes && !grow(size.bytes)) return nullptr;
  uint8_t* block = reinterpret_cast<uint8_t*>(regionStart);
  regionStart += size.bytes;
  return block;
}

// Gives a block back; `bytes` as it was asked for.
void release(uint8_t* block, uint32_t bytes) {
  FreeBlock*& head = freeBlocks[size_class(bytes).index];
  FreeBlock* freed = reinterpret_cast<FreeBlock*>(block);
  freed->next = head;
  head = freed;
}

// 4 KiB that small integer arguments (geometries, shapes) are copied to before a call.
uint8_t* arguments() { return argumentArea; }

void* memcpy(void* to, const void* from, size_t bytes) { return __builtin_memcpy(to, from, bytes); }
void* memmove(void* to, const void* from, size_t bytes) {
  return __builtin_memmove(to, from, bytes);
}
void* memset(void* to, int value, size_t bytes) { return __builtin_memset(to, value, bytes); }

}  // extern "C"

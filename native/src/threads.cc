// The thread pool, except on WebAssembly, and the scratch memory (see threads.h).
//
// A worker that has run out of work spins for a moment (a training step is dozens of parallel
// loops with short serial gaps) and then sleeps on a condition variable, so an idle process uses
// no processor time. The caller does the same while it waits for the last tasks.
#include "threads.h"

#include "kernels.h"

#if defined(__wasm__)

static float* allocate_scratch(size_t bytes) {
  // Whole pages straight from the module's memory; grown blocks are not given back, and as
  // requests at least double, the waste is less than the memory in use.
  const size_t pages = (bytes + 65535) / 65536;
  const size_t first = __builtin_wasm_memory_grow(0, pages);
  if (first == static_cast<size_t>(-1)) __builtin_trap();
  return reinterpret_cast<float*>(first * 65536);
}
static void free_scratch(float*) {}

#else

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace {

inline void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

class Pool {
 public:
  ~Pool() { resize(1); }

  // `workers` counts the calling thread. Returns how many there are.
  int resize(int workers) {
    if (workers == static_cast<int>(threads_.size()) + 1) return workers;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    stopping_ = false;
    threads_.reserve(workers - 1);
    try {
      for (int worker = 1; worker < workers; ++worker) {
        threads_.emplace_back([this, worker, seen = generation_.load()] { serve(worker, seen); });
      }
    } catch (const std::system_error&) {
      // The system starts no more threads (a limit on processes or memory): go on with those.
    }
    return static_cast<int>(threads_.size()) + 1;
  }

  void run(int count, void (*task)(void*, int, int), void* context) {
    if (count <= 0) return;
    if (threads_.empty() || count == 1) {
      for (int index = 0; index < count; ++index) task(context, index, 0);
      return;
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      task_ = task;
      context_ = context;
      count_ = count;
      next_.store(0, std::memory_order_relaxed);
      closed_ = false;
      generation_.fetch_add(1, std::memory_order_release);
    }
    if (sleepers_.load() > 0) wake_.notify_all();
    take_tasks(0);
    {
      // From here on no worker joins; those inside must leave before the counters are reset.
      std::lock_guard<std::mutex> lock(mutex_);
      closed_ = true;
    }
    for (int spin = 0; active_.load() != 0; ++spin) {
      if (spin < kSpins) {
        pause_briefly();
      } else {
        std::unique_lock<std::mutex> lock(mutex_);
        done_.wait(lock, [this] { return active_.load() == 0; });
      }
    }
  }

 private:
  // About 20 microseconds: longer than the serial gap between two kernels of one training step,
  // far shorter than anything that a user would notice as load.
  static constexpr int kSpins = 1000;

  void take_tasks(int worker) {
    for (;;) {
      const int index = next_.fetch_add(1, std::memory_order_relaxed);
      if (index >= count_) return;
      task_(context_, index, worker);
    }
  }

  void serve(int worker, uint32_t seen) {
    for (;;) {
      for (int spin = 0; spin < kSpins && generation_.load(std::memory_order_acquire) == seen;
           ++spin) {
        pause_briefly();
      }
      {
        std::unique_lock<std::mutex> lock(mutex_);
        sleepers_.fetch_add(1);
        wake_.wait(lock, [&] { return stopping_ || generation_.load() != seen; });
        sleepers_.fetch_sub(1);
        if (stopping_) return;
        seen = generation_.load();
        if (closed_) continue;
        active_.fetch_add(1);
      }
      take_tasks(worker);
      if (active_.fetch_sub(1) == 1) {
        std::lock_guard<std::mutex> lock(mutex_);
        done_.notify_one();
      }
    }
  }

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  bool stopping_ = false, closed_ = true;  // guarded by mutex_
  void (*task_)(void*, int, int) = nullptr;
  void* context_ = nullptr;
  int count_ = 0;
  std::atomic<int> next_{0}, active_{0}, sleepers_{0};
  std::atomic<uint32_t> generation_{0};
};

Pool pool;

}  // namespace

void parallel_run(int count, void (*task)(void*, int, int), void* context) {
  pool.run(count, task, context);
}

int resize_threads(int count) {
  return pool.resize(count < 1 ? 1 : count > kMaxWorkers ? kMaxWorkers : count);
}

static float* allocate_scratch(size_t bytes) {
  void* memory = std::aligned_alloc(64, bytes);
  if (memory == nullptr) std::abort();
  return static_cast<float*>(memory);
}
static void free_scratch(float* memory) { std::free(memory); }

#endif

namespace {
struct Block {
  float* memory;
  size_t floats;
};
Block blocks[kMaxWorkers][kScratchSlots];
}  // namespace

float* scratch(int worker, int slot, size_t floats) {
  if (floats > SIZE_MAX / sizeof(float) / 4)
    __builtin_trap();  // twice as many bytes must fit size_t
  Block& block = blocks[worker][slot];
  if (block.floats < floats) {
    free_scratch(block.memory);
    block.floats = floats > 2 * block.floats ? floats : 2 * block.floats;
    block.memory = allocate_scratch(((block.floats + 64) * sizeof(float) + 63) / 64 * 64);
  }
  return block.memory;
}

// The thread pool of the WebAssembly module (see threads.h).
//
// Its workers are JavaScript workers: each has an instance of this module of its own, on the same
// shared memory, and calls `serve`, which does not return (`native/backend/wasm.ts` starts them).
// A loop does not wait for workers that have not begun yet, or never do; without any, and where
// memory cannot be shared, the caller does all the work.
//
// As in the native pool, a worker without work spins for a moment and then sleeps, and so does the
// caller while it waits for the last tasks, except in a browser, whose main thread may not sleep.
#include "kernels.h"
#include "threads.h"

namespace {

// About 20 microseconds, as in the native pool. WebAssembly has no instruction for a pause.
constexpr int kSpins = 16000;

constexpr uint32_t kOpen = 1u << 31, kFailed = 1u << 30;

struct Pool {
  void (*task)(void*, int, int);
  void* context;
  int count;
  int next;
  // How many workers are inside the loop, kOpen while more may join, and kFailed once one of them
  // has trapped: nothing can be relied on then.
  uint32_t state;
  uint32_t loops;     // counts loops; idle workers wait for it to change
  uint32_t sleepers;  // workers that wait, or are about to
  int workers;        // the caller included
  bool mayWait;       // whether the caller may sleep
};
Pool pool = {nullptr, nullptr, 0, 0, 0, 0, 0, 1, false};

template <class Value>
Value read(const Value& value) {
  return __atomic_load_n(&value, __ATOMIC_SEQ_CST);
}
// Sleeps until someone calls `wake`, unless the value is another one by now.
template <class Value>
void sleep_on(Value& value, Value expected) {
  __builtin_wasm_memory_atomic_wait32(reinterpret_cast<int*>(&value), static_cast<int>(expected),
                                      -1);
}
template <class Value>
void wake(Value& value) {
  __builtin_wasm_memory_atomic_notify(reinterpret_cast<int*>(&value), ~0u);
}

void take_tasks(int worker) {
  for (;;) {
    const int index = __atomic_fetch_add(&pool.next, 1, __ATOMIC_SEQ_CST);
    if (index >= pool.count) return;
    pool.task(pool.context, index, worker);
  }
}

// Whether this worker is inside the loop now, which it then has to leave.
bool join() {
  uint32_t state = read(pool.state);
  while (state & kOpen) {
    if (__atomic_compare_exchange_n(&pool.state, &state, state + 1, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST)) {
      return true;
    }
  }
  return false;
}

void leave() {
  if (__atomic_sub_fetch(&pool.state, 1, __ATOMIC_SEQ_CST) == 0) wake(pool.state);
}

}  // namespace

void parallel_run(int count, void (*task)(void*, int, int), void* context) {
  if (pool.workers == 1 || count <= 1) {
    for (int index = 0; index < count; ++index) task(context, index, 0);
    return;
  }
  if (read(pool.state) != 0) __builtin_trap();  // an earlier loop ended in a trap
  pool.task = task;
  pool.context = context;
  pool.count = count;
  pool.next = 0;
  __atomic_fetch_or(&pool.state, kOpen, __ATOMIC_SEQ_CST);
  __atomic_fetch_add(&pool.loops, 1, __ATOMIC_SEQ_CST);
  if (read(pool.sleepers) > 0) wake(pool.loops);
  take_tasks(0);
  // From here on no worker joins; those inside must leave before the next loop.
  uint32_t state = __atomic_and_fetch(&pool.state, ~kOpen, __ATOMIC_SEQ_CST);
  for (int spin = 0; state != 0; ++spin) {
    if (state & kFailed) __builtin_trap();
    if (spin >= kSpins && pool.mayWait) sleep_on(pool.state, state);
    state = read(pool.state);
  }
}

int resize_threads(int count) {
  pool.workers = count < 1 ? 1 : count > kMaxWorkers ? kMaxWorkers : count;
  // Workers that were too many may be wanted again.
  __atomic_fetch_add(&pool.loops, 1, __ATOMIC_SEQ_CST);
  if (read(pool.sleepers) > 0) wake(pool.loops);
  return pool.workers;
}

extern "C" {

// The life of a worker: 1 and up. The caller has set this instance's stack.
void serve(int32_t worker) {
  uint32_t seen = 0;
  for (;;) {
    uint32_t loops = read(pool.loops);
    const bool wanted = worker < read(pool.workers);
    for (int spin = 0; wanted && loops == seen && spin < kSpins; ++spin) loops = read(pool.loops);
    if (loops == seen || !wanted) {
      __atomic_fetch_add(&pool.sleepers, 1, __ATOMIC_SEQ_CST);
      sleep_on(pool.loops, loops);
      __atomic_fetch_sub(&pool.sleepers, 1, __ATOMIC_SEQ_CST);
      continue;
    }
    seen = loops;
    if (!join()) continue;
    take_tasks(worker);
    leave();
  }
}

// For a worker whose `serve` ended in a trap: calls of kernels trap as well from now on.
void abandon() {
  __atomic_fetch_or(&pool.state, kFailed, __ATOMIC_SEQ_CST);
  wake(pool.state);
}

// Whether the thread that calls kernels may sleep: not the main thread of a browser.
void set_may_wait(int32_t mayWait) { pool.mayWait = mayWait != 0; }

}  // extern "C"

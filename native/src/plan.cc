// Runs a recorded list of kernel calls in one go. `native/backend/recording.ts` writes the list.
//
// A call is the kernel's position in kernel_list.h, then its arguments in order: an int32_t as it
// is, a float by its bits, and a pointer as a slot (-1: null) and an offset into it in units of 4
// bytes.
#include "kernels.h"

namespace {

class Words {
 public:
  Words(const int32_t* at, uint8_t* const* slots) : at_(at), slots_(slots) {}

  void read(int32_t* out) { *out = *at_++; }
  void read(float* out) { __builtin_memcpy(out, at_++, sizeof(float)); }
  template <typename T>
  void read(T** out) {
    const int32_t slot = *at_++;
    const int32_t offset = *at_++;
    *out = slot < 0 ? nullptr : reinterpret_cast<T*>(slots_[slot] + intptr_t{4} * offset);
  }

  const int32_t* at() const { return at_; }

 private:
  const int32_t* at_;
  uint8_t* const* slots_;
};

// Reads a kernel's arguments from left to right, then calls it.
template <typename... Left>
struct Arguments;
template <>
struct Arguments<> {
  template <typename Kernel, typename... Read>
  static void call(Kernel kernel, Words&, Read... read) {
    kernel(read...);
  }
};
template <typename Next, typename... Left>
struct Arguments<Next, Left...> {
  template <typename Kernel, typename... Read>
  static void call(Kernel kernel, Words& words, Read... read) {
    Next next;
    words.read(&next);
    Arguments<Left...>::call(kernel, words, read..., next);
  }
};

template <typename... Parameters>
void call(void (*kernel)(Parameters...), Words& words) {
  Arguments<Parameters...>::call(kernel, words);
}

using Call = void (*)(Words&);
constexpr Call kCalls[] = {
#define KERNEL(name, ...) [](Words& words) { call(kernels().name, words); },
#include "kernel_list.h"
};

}  // namespace

extern "C" void run_plan(const int32_t* words, int32_t length, uint8_t* const* slots) {
  const int32_t* const end = words + length;
  while (words < end) {
    Words arguments(words + 1, slots);
    kCalls[*words](arguments);
    words = arguments.at();
  }
}

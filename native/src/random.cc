// Random words, the same as `src/engine/random.ts` computes without compiled code.
#include "kernels.h"
#include "simd.h"
#include "threads.h"

namespace KERNEL_ISA {

void random_words(int32_t* out, int32_t blocks, const int32_t* origin) {
  constexpr uint32_t kMultiplier0 = 0xd2511f53, kMultiplier1 = 0xcd9e8d57;
  constexpr uint32_t kWeyl0 = 0x9e3779b9, kWeyl1 = 0xbb67ae85;
  constexpr int kRounds = 10, kGroup = 256, kOperations = 8 * kRounds;
  const uint64_t first = static_cast<uint32_t>(origin[0]) |
                         static_cast<uint64_t>(static_cast<uint32_t>(origin[1])) << 32;
  const int groups = (blocks + kGroup - 1) / kGroup;
  parallel_for_work(static_cast<int64_t>(blocks) * kOperations, groups, [&](int group, int) {
    for (int b = group * kGroup; b < min_of(blocks, (group + 1) * kGroup); ++b) {
      const uint64_t counter = first + static_cast<uint64_t>(b);
      uint32_t c0 = static_cast<uint32_t>(counter), c1 = static_cast<uint32_t>(counter >> 32);
      uint32_t c2 = 0, c3 = 0;
      uint32_t k0 = static_cast<uint32_t>(origin[2]), k1 = static_cast<uint32_t>(origin[3]);
      for (int round = 0; round < kRounds; ++round) {
        const uint64_t product0 = static_cast<uint64_t>(kMultiplier0) * c0;
        const uint64_t product1 = static_cast<uint64_t>(kMultiplier1) * c2;
        c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
        c1 = static_cast<uint32_t>(product1);
        c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
        c3 = static_cast<uint32_t>(product0);
        k0 += kWeyl0;
        k1 += kWeyl1;
      }
      int32_t* words = out + 4 * static_cast<size_t>(b);
      words[0] = static_cast<int32_t>(c0);
      words[1] = static_cast<int32_t>(c1);
      words[2] = static_cast<int32_t>(c2);
      words[3] = static_cast<int32_t>(c3);
    }
  });
}

}  // namespace KERNEL_ISA

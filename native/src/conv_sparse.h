// Convolution gradients that skip zeros.
//
// Max-pooling lets at most one of four gradients through, ReLU about half of those. Both
// gradients of a convolution are then sums of a few scaled rows:
//
//   filter gradient, per output channel:  dW[:, oc]   += sum over its non-zeros   g * patch(pixel)
//   input gradient, per output pixel:     dX(patch)   += sum over its non-zeros   g * W[:, oc]
//
// `add_scaled` is the kernel of both: it holds the sum in registers (kRuns runs of kVectors
// vectors) over a list of (offset, value) entries, one load and one FMA a vector.
// With two loads a cycle from the L1 cache that is the FMA units' peak, on an eighth of the work.
// The order of the sums is the list's, which follows from the data alone.
#pragma once
#include "conv.h"

namespace KERNEL_ISA {
namespace {

struct Entry {
  int32_t offset;
  float value;
};

// Registers for sums: of 32 (AVX-512, NEON) or 16, less a broadcast and the loads in flight.
#if KERNEL_WIDTH == 16 || defined(__ARM_NEON)
constexpr int kMaxSums = 24;
#else
constexpr int kMaxSums = 12;
#endif
constexpr int kMaxVectors = 12, kMaxRuns = 3;

// out[outRuns[r] + i] += sum over entries of value * in[offset + inRuns[r] + i],
// i < kVectors * kWidth.
template <int kRuns, int kVectors>
void add_scaled(const float* in, const ptrdiff_t* inRuns, const Entry* entries, int count,
                float* out, const ptrdiff_t* outRuns) {
  Vec sums[kRuns][kVectors];
  const float* rows[kRuns];
  UNROLL
  for (int r = 0; r < kRuns; ++r) {
    rows[r] = in + inRuns[r];
    UNROLL
    for (int v = 0; v < kVectors; ++v) sums[r][v] = Vec{};
  }
  for (int e = 0; e < count; ++e) {
    const float value = entries[e].value;
    const ptrdiff_t offset = entries[e].offset;
    UNROLL
    for (int r = 0; r < kRuns; ++r) {
      UNROLL
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = sums[r][v] + value * load(rows[r] + offset + v * kWidth);
      }
    }
  }
  UNROLL
  for (int r = 0; r < kRuns; ++r) {
    UNROLL
    for (int v = 0; v < kVectors; ++v) {
      float* to = out + outRuns[r] + v * kWidth;
      store(to, load(to) + sums[r][v]);
    }
  }
}

typedef void (*AddScaled)(const float*, const ptrdiff_t*, const Entry*, int, float*,
                          const ptrdiff_t*);

template <int kRuns, int kVectors>
constexpr AddScaled add_scaled_of() {
  if constexpr (kRuns * kVectors <= kMaxSums) {
    return add_scaled<kRuns, kVectors>;
  } else {
    return nullptr;
  }
}
#define ADD_SCALED(runs)                                                           \
  {add_scaled_of<runs, 1>(),  add_scaled_of<runs, 2>(),  add_scaled_of<runs, 3>(), \
   add_scaled_of<runs, 4>(),  add_scaled_of<runs, 5>(),  add_scaled_of<runs, 6>(), \
   add_scaled_of<runs, 7>(),  add_scaled_of<runs, 8>(),  add_scaled_of<runs, 9>(), \
   add_scaled_of<runs, 10>(), add_scaled_of<runs, 11>(), add_scaled_of<runs, 12>()}
constexpr AddScaled kAddScaled[kMaxRuns][kMaxVectors] = {ADD_SCALED(1), ADD_SCALED(2),
                                                         ADD_SCALED(3)};
#undef ADD_SCALED

// A patch in vectors: `runs` rows of `pitch` floats, runLength rounded up to whole vectors. The
// lanes beyond a run read neighboring pixels; they are multiplied by zeros of the filter or
// ignored.
struct SparsePatch {
  int pitch;
  size_t size;
  explicit SparsePatch(const Conv& c)
      : pitch(round_up(c.runLength, kWidth)), size(static_cast<size_t>(c.runs) * pitch) {}
};

// Calls body(kernel, offsets of its runs in the image, the same in a patch) for bundles of runs and
// vectors that fit the registers and together cover a patch. `mostRuns` bounds a bundle's runs.
template <class Body>
inline void for_bundles(const Conv& c, const SparsePatch& patch, int mostRuns, Body body) {
  const int all = patch.pitch / kWidth;
  const int chunks = (all + kMaxVectors - 1) / kMaxVectors;
  for (int chunk = 0; chunk < chunks; ++chunk) {
    const int first = all * chunk / chunks, vectors = all * (chunk + 1) / chunks - first;
    const int together = max_of(1, min_of(mostRuns, kMaxSums / vectors));
    for (int run = 0; run < c.runs; run += together) {
      const int runs = min_of(together, c.runs - run);
      ptrdiff_t inImage[kMaxRuns], inPatch[kMaxRuns];
      for (int r = 0; r < runs; ++r) {
        inImage[r] = c.run_offset(run + r) + first * kWidth;
        inPatch[r] = static_cast<ptrdiff_t>(run + r) * patch.pitch + first * kWidth;
      }
      body(kAddScaled[runs - 1][vectors - 1], inImage, inPatch);
    }
  }
}

// Whether vectors at the patches' offsets are aligned and stay inside the image.
inline bool fits_vectors(const Conv& c, const void* image) {
  return c.runLength % kWidth == 0 && reinterpret_cast<uintptr_t>(image) % (4 * kWidth) == 0;
}

// ---- Filter gradient ---------------------------------------------------------------------------

// Adds one image to sums [outC][patch.size]. list(oc, entries) writes the non-zeros of a channel
// (offset: the pixel's in the image) and returns their number; at most `most`.
template <class List>
inline void add_filter_gradient(const Conv& c, const float* x, int most, float* sums, int worker,
                                List list) {
  const SparsePatch patch(c);
  const float* image = c.padded || !fits_vectors(c, x) ? copy_image(c, x, worker) : x;
  Entry* entries =
      reinterpret_cast<Entry*>(scratch(worker, kScratchList, 2 * static_cast<size_t>(most + 1)));
  for (int oc = 0; oc < c.outC; ++oc) {
    const int count = list(oc, entries);
    if (count == 0) continue;
    float* sum = sums + oc * patch.size;
    for_bundles(c, patch, kMaxRuns,
                [&](AddScaled add, const ptrdiff_t* inImage, const ptrdiff_t* inPatch) {
                  add(image, inImage, entries, count, sum, inPatch);
                });
  }
}

// dw [depth, outC] = the groups' sums [groups][outC][patch.size], in order.
inline void store_filter_gradient(const Conv& c, const float* sums, int groups, size_t groupSize,
                                  float* dw) {
  const SparsePatch patch(c);
  // Sixteen channels a task: two workers never write to the same cache line of dw.
  constexpr int kLine = 16;
  parallel_for((c.outC + kLine - 1) / kLine * c.runs, [&](int task, int) {
    const int run = task % c.runs, first = task / c.runs * kLine;
    for (int oc = first; oc < min_of(c.outC, first + kLine); ++oc) {
      const float* from = sums + oc * patch.size + static_cast<size_t>(run) * patch.pitch;
      float* to = dw + static_cast<size_t>(run) * c.runLength * c.outC + oc;
      for (int j = 0; j < c.runLength; j += kWidth) {
        Vec sum = load(from + j);
        for (int g = 1; g < groups; ++g) sum += load(from + g * groupSize + j);
        for (int i = 0; i < min_of(kWidth, c.runLength - j); ++i) {
          to[static_cast<size_t>(j + i) * c.outC] = sum[i];
        }
      }
    }
  });
}

// ---- Input gradient ----------------------------------------------------------------------------

// w [depth, outC] as rows [outC][patch.size], with zeros behind each run.
inline const float* pack_filter_rows(const Conv& c, const float* w, float* rows) {
  const SparsePatch patch(c);
  parallel_for(c.outC, [&](int oc, int) {
    float* row = rows + oc * patch.size;
    for (int run = 0; run < c.runs; ++run) {
      for (int j = 0; j < patch.pitch; ++j) {
        row[run * patch.pitch + j] =
            j < c.runLength ? w[(static_cast<size_t>(run) * c.runLength + j) * c.outC + oc] : 0.0f;
      }
    }
  });
  return rows;
}

// One pixel's non-zeros: entries [first, last), offset = oc * patch.size.
struct PixelList {
  ptrdiff_t pixel;  // offset in the image
  int first, last;
};

// Adds the gradient of one image, given its pixels' lists, to `image`.
inline void add_input_gradient(const Conv& c, const float* rows, const PixelList* pixels,
                               int pixelCount, const Entry* entries, float* image) {
  const SparsePatch patch(c);
  for_bundles(c, patch, kMaxRuns,
              [&](AddScaled add, const ptrdiff_t* inImage, const ptrdiff_t* inPatch) {
                for (int p = 0; p < pixelCount; ++p) {
                  const PixelList& list = pixels[p];
                  add(rows, inPatch, entries + list.first, list.last - list.first,
                      image + list.pixel, inImage);
                }
              });
}

}  // namespace
}  // namespace KERNEL_ISA

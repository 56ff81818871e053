// What all convolution kernels share: the geometry, padding, and iteration over a pixel's patch.
//
// A pixel's patch (the input values that one output pixel depends on) consists of `runs` contiguous
// stretches of the image, `runLength` floats each: with NHWC images a kernel row is one stretch
// of kernelW * inC floats (unless it is dilated: then each of its pixels is).
//
//      image row oh*strideH + kh   ..[  runLength floats  ]..........   pixel ow
//                                  ..   [  runLength floats  ].......   pixel ow + 1
//                                    |--| strideW * inC
#pragma once
#include "gemm.h"
#include "kernels.h"
#include "threads.h"

namespace KERNEL_ISA {
namespace {

struct Conv {
  int batch, inH, inW, inC, kernelH, kernelW, outC, outH, outW;
  int strideH, strideW, padTop, padLeft, dilationH, dilationW;
  int extentH, extentW;  // rows of the (padded) image that kernels reach, and its row pitch
  int depth;             // floats of a patch: kernelH * kernelW * inC
  bool padded;           // the kernels reach beyond the image: work on a padded copy
  int runs, runLength;
  bool small;   // runs shorter than a vector: work on whole patches instead
  int columns;  // outC rounded up to whole panels

  Conv(const int32_t* g, int usedH, int usedW)
      : batch(g[0]), inH(g[1]), inW(g[2]), inC(g[3]), kernelH(g[4]), kernelW(g[5]), outC(g[6]),
        outH(usedH), outW(usedW), strideH(g[9]), strideW(g[10]), padTop(g[11]), padLeft(g[12]),
        dilationH(g[13]), dilationW(g[14]) {
    extentH = (outH - 1) * strideH + (kernelH - 1) * dilationH + 1;
    extentW = (outW - 1) * strideW + (kernelW - 1) * dilationW + 1;
    padded = padTop > 0 || padLeft > 0 || extentH > inH || extentW > inW;
    if (!padded) extentW = inW;
    depth = kernelH * kernelW * inC;
    const bool joined = dilationW == 1 || kernelW == 1;
    runs = joined ? kernelH : kernelH * kernelW;
    runLength = joined ? kernelW * inC : inC;
    small = runLength < kWidth && runs > 1;
    columns = round_up(outC, kNR);
  }
  explicit Conv(const int32_t* g) : Conv(g, g[7], g[8]) {}

  size_t image_size() const { return static_cast<size_t>(inH) * inW * inC; }
  size_t output_size() const { return static_cast<size_t>(outH) * outW * outC; }
  size_t extent_size() const { return static_cast<size_t>(extentH) * extentW * inC; }
  // Offset of a run in the image, from its patch's first element.
  ptrdiff_t run_offset(int run) const {
    const bool joined = runs == kernelH;
    const int kh = joined ? run : run / kernelW, kw = joined ? 0 : run % kernelW;
    return (static_cast<ptrdiff_t>(kh) * dilationH * extentW + kw * dilationW) * inC;
  }
  // Offset of the first element of an output pixel's patch.
  ptrdiff_t pixel_offset(int oh, int ow) const {
    return (static_cast<ptrdiff_t>(oh) * strideH * extentW + ow * strideW) * inC;
  }
};

// Few images: cut the work on each into several parts, so that all workers find something to do.
inline int parts_per_image(int batch, int most) {
  return batch >= 16 ? 1 : max_of(1, min_of(most, 16 / max_of(1, batch)));
}

inline void set_zero(float* p, size_t count) { __builtin_memset(p, 0, count * sizeof(float)); }

// Calls copy(position in the padded image, position in the image, floats) for each row that the
// padded image and the image share.
template <class Copy>
inline void for_shared_rows(const Conv& c, Copy copy) {
  const int firstColumn = min_of(c.padLeft, c.extentW);
  const int columns = min_of(c.extentW, c.padLeft + c.inW) - firstColumn;
  const int lastRow = min_of(c.extentH, c.padTop + c.inH);
  if (columns <= 0) return;
  for (int row = min_of(c.padTop, c.extentH); row < lastRow; ++row) {
    copy((static_cast<size_t>(row) * c.extentW + firstColumn) * c.inC,
         (static_cast<size_t>(row - c.padTop) * c.inW + (firstColumn - c.padLeft)) * c.inC,
         static_cast<size_t>(columns) * c.inC);
  }
}

// A copy of the part of an image that kernels reach, with its padding, 64-byte aligned and
// readable a little beyond its end (scratch memory, valid until the worker's next image).
inline const float* copy_image(const Conv& c, const float* image, int worker) {
  float* copy = scratch(worker, kScratchImage, c.extent_size());
  if (c.padded) set_zero(copy, c.extent_size());
  for_shared_rows(c, [&](size_t to, size_t from, size_t count) {
    __builtin_memcpy(copy + to, image + from, count * sizeof(float));
  });
  return copy;
}

// The image itself if nothing must be padded.
inline const float* padded_image(const Conv& c, const float* image, int worker) {
  return c.padded ? copy_image(c, image, worker) : image;
}

// Where to sum the gradient of one image, zeroed: in place, or in scratch memory (which may be
// written a little beyond its end) from which store_gradient cuts the padding off.
inline float* gradient_image(const Conv& c, float* dx, bool inPlace, int worker) {
  float* image = inPlace ? dx : scratch(worker, kScratchImage, c.extent_size());
  set_zero(image, inPlace ? c.image_size() : c.extent_size());
  return image;
}
inline void store_gradient(const Conv& c, const float* image, float* dx) {
  if (image == dx) return;
  set_zero(dx, c.image_size());
  for_shared_rows(c, [&](size_t from, size_t to, size_t count) {
    __builtin_memcpy(dx + to, image + from, count * sizeof(float));
  });
}

// ---- Packed filters ----------------------------------------------------------------------------

// w [depth, outC] in panels, and behind them the bias, padded to whole panels (0 without one).
struct PackedFilter {
  const float* panels;
  const float* bias;
};
inline PackedFilter pack_filter(const Conv& c, const float* w, const float* bias) {
  const size_t size = static_cast<size_t>(c.columns) * c.depth;
  float* packed = scratch(0, kScratchPacked, size + c.columns);
  parallel_for(panel_count(c.outC), [&](int panel, int) {
    pack_panels(w, c.outC, 1, c.depth, c.outC, packed, panel, panel + 1);
  });
  for (int j = 0; j < c.columns; ++j) packed[size + j] = bias && j < c.outC ? bias[j] : 0.0f;
  return {packed, packed + size};
}

// Offsets of runs or of rows; kept in scratch memory because their number has no bound.
inline ptrdiff_t* offset_list(int worker, int count) {
  return reinterpret_cast<ptrdiff_t*>(scratch(worker, kScratchOffsets, 2 * count));
}

// The forward tile of one panel; the caller sets a, c, cRow and the activation.
inline Tile forward_tile(const Conv& c, const PackedFilter& filter, int panel, int worker) {
  ptrdiff_t* segments = offset_list(worker, c.runs);
  for (int run = 0; run < c.runs; ++run) segments[run] = c.run_offset(run);
  Tile t = {};
  t.aRow = static_cast<ptrdiff_t>(c.strideW) * c.inC;
  t.aStep = 1;
  t.b = filter.panels + static_cast<size_t>(panel) * c.depth * kNR;
  t.bStep = kNR;
  t.segments = segments;
  t.segmentCount = c.runs;
  t.length = c.runLength;
  t.columns = min_of(kNR, c.outC - panel * kNR);
  t.bias = filter.bias + panel * kNR;
  return t;
}

// Filter gradients are summed over images in this many groups, and the groups in order: enough to
// keep many threads busy, few enough that adding them up costs nothing, and fixed, because the
// order of the sums follows from it.
constexpr int kGroups = 16;
inline int group_count(const Conv& c) { return max_of(1, min_of(kGroups, c.batch)); }

// Runs body(group, image, worker) for all images of all groups, after start(group).
template <class Start, class Body>
inline void for_groups(const Conv& c, Start start, Body body) {
  const int groups = group_count(c);
  parallel_for(groups, [&](int g, int worker) {
    start(g);
    const int first = static_cast<int>(static_cast<int64_t>(c.batch) * g / groups);
    const int last = static_cast<int>(static_cast<int64_t>(c.batch) * (g + 1) / groups);
    for (int n = first; n < last; ++n) body(g, n, worker);
  });
}

}  // namespace
}  // namespace KERNEL_ISA

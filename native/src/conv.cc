// Convolutions in NHWC without im2col.
//
// Forward. One tile computes up to kMaxRows neighbouring pixels of an output row times kNR
// output channels (gemm.h). With kernel rows of KW * IC neighbouring floats, the inner product of
// a pixel is KH runs in the image, and the pixel next to it reads the same runs strideW * IC
// further on:
//
//      image row oh*strideH + kh   ..[ KW*IC floats ]..........   pixel ow
//                                  ..   [ KW*IC floats ].......   pixel ow + 1  (strideW*IC later)
//
// Weights are packed once per call into panels [OC/kNR][KH*KW*IC][kNR]; a panel of the 3x3x32
// layer is 288 x 32 x 4 = 36 KB with AVX-512 (half of it with AVX2) and stays in the L1 cache
// while all rows of the image pass by. Images that need padding are copied into a padded scratch
// image first: IC floats moved per pixel, against KH*KW*OC FMAs for each of them.
//
// Input gradient. For each kernel row, the product dY [pixels, OC] . W[kh]^T [OC, KW*IC] is added
// to the same runs of dX that the forward pass read.
//
// Filter gradient. dW [run, OC] += X^T . dY over the pixels of an image, in kernel rows again:
// the tile's rows are neighbouring floats of a run, its steps are pixels. Images are summed in a
// fixed number of groups and the groups in order, so the sums do not depend on the threads.
//
// With few input channels the runs are too short for vectors (3 floats for a 3x3 kernel on a
// grey image): then pixels are gathered to rows of all KH*KW*IC values first ("patches"), which
// is im2col for one image at a time.
#include "gemm.h"
#include "kernels.h"
#include "threads.h"

namespace KERNEL_ISA {
namespace {

struct Conv {
  int batch, inH, inW, inC, kernelH, kernelW, outC, outH, outW;
  int strideH, strideW, padTop, padLeft, dilationH, dilationW;
  int extentH, extentW;  // the part of the (padded) image that kernels reach
  int depth;             // kernelH * kernelW * inC
  bool padded;           // images must be copied to a padded scratch image
  int runs, runLength;   // contiguous stretches of a pixel's patch
  bool gathered;         // runs are too short for vectors: work on gathered patches
  int columns;           // outC rounded up to whole panels

  explicit Conv(const int32_t* g, int usedH, int usedW)
      : batch(g[0]), inH(g[1]), inW(g[2]), inC(g[3]), kernelH(g[4]), kernelW(g[5]), outC(g[6]),
        outH(usedH), outW(usedW), strideH(g[9]), strideW(g[10]), padTop(g[11]), padLeft(g[12]),
        dilationH(g[13]), dilationW(g[14]) {
    extentH = (outH - 1) * strideH + (kernelH - 1) * dilationH + 1;
    extentW = (outW - 1) * strideW + (kernelW - 1) * dilationW + 1;
    padded = padTop > 0 || padLeft > 0 || extentH > inH || extentW > inW;
    if (!padded) extentW = inW;  // rows keep the tensor's own pitch
    depth = kernelH * kernelW * inC;
    const bool joined = dilationW == 1 || kernelW == 1;
    runs = joined ? kernelH : kernelH * kernelW;
    runLength = joined ? kernelW * inC : inC;
    gathered = runLength < kWidth && runs > 1;
    columns = round_up(outC, kNR);
  }
  explicit Conv(const int32_t* g) : Conv(g, g[7], g[8]) {}

  size_t imageSize() const { return static_cast<size_t>(inH) * inW * inC; }
  size_t outputSize() const { return static_cast<size_t>(outH) * outW * outC; }
  size_t extentSize() const { return static_cast<size_t>(extentH) * extentW * inC; }
  ptrdiff_t runOffset(int run) const {
    const bool joined = runs == kernelH;
    const int kh = joined ? run : run / kernelW, kw = joined ? 0 : run % kernelW;
    return (static_cast<ptrdiff_t>(kh) * dilationH * extentW + kw * dilationW) * inC;
  }
  ptrdiff_t pixelOffset(int oh, int ow) const {
    return (static_cast<ptrdiff_t>(oh) * strideH * extentW + ow * strideW) * inC;
  }
};

// Offsets of runs or rows; kept in scratch because their number has no bound.
inline ptrdiff_t* offset_list(int worker, int count) {
  return reinterpret_cast<ptrdiff_t*>(scratch(worker, kScratchList, 2 * count));
}

// The rows of the image that meet the kernels' reach, for padding and its inverse.
struct Overlap {
  int rowFirst, rowLast, columnFirst, columnLast;  // in padded coordinates, last excluded
  explicit Overlap(const Conv& c)
      : rowFirst(min_of(c.padTop, c.extentH)), rowLast(min_of(c.extentH, c.padTop + c.inH)),
        columnFirst(min_of(c.padLeft, c.extentW)),
        columnLast(min_of(c.extentW, c.padLeft + c.inW)) {}
};

inline void set_zero(float* p, size_t count) { __builtin_memset(p, 0, count * sizeof(float)); }

// The image itself, or its padded copy.
const float* padded_image(const Conv& c, const float* image, int worker) {
  if (!c.padded) return image;
  float* copy = scratch(worker, kScratchImage, c.extentSize());
  set_zero(copy, c.extentSize());
  const Overlap o(c);
  const size_t bytes = static_cast<size_t>(max_of(0, o.columnLast - o.columnFirst)) * c.inC * 4;
  for (int row = o.rowFirst; row < o.rowLast; ++row) {
    __builtin_memcpy(copy + (static_cast<size_t>(row) * c.extentW + o.columnFirst) * c.inC,
                     image + (static_cast<size_t>(row - c.padTop) * c.inW +
                              (o.columnFirst - c.padLeft)) * c.inC,
                     bytes);
  }
  return copy;
}

// One row per output pixel with all values of its patch.
void gather_patches(const Conv& c, const float* image, float* patches) {
  for (int oh = 0; oh < c.outH; ++oh) {
    for (int ow = 0; ow < c.outW; ++ow) {
      const float* pixel = image + c.pixelOffset(oh, ow);
      for (int run = 0; run < c.runs; ++run) {
        const float* in = pixel + c.runOffset(run);
        for (int j = 0; j < c.runLength; ++j) *patches++ = in[j];
      }
    }
  }
}

// The reverse: adds each row of patch gradients to the pixels it came from.
void scatter_patches(const Conv& c, const float* patches, float* image, int oh, int firstPixel,
                     int pixels, int pitch) {
  for (int p = 0; p < pixels; ++p) {
    float* pixel = image + c.pixelOffset(oh, firstPixel + p);
    const float* in = patches + p * pitch;
    for (int run = 0; run < c.runs; ++run) {
      float* out = pixel + c.runOffset(run);
      for (int j = 0; j < c.runLength; ++j) out[j] += *in++;
    }
  }
}

// ---- Forward ---------------------------------------------------------------------------------

const float* pack_filter(const Conv& c, const float* w) {
  float* packed = scratch(0, kScratchPacked, static_cast<size_t>(c.columns) * (c.depth + 1));
  parallel_for(panel_count(c.outC), [&](int panel, int) {
    pack_panels(w, c.outC, 1, c.depth, c.outC, packed, panel, panel + 1);
  });
  return packed;
}

// The bias behind the packed panels, padded to whole panels; null if there is none.
const float* pack_bias(const Conv& c, const float* bias, const float* packed) {
  if (bias == nullptr) return nullptr;
  float* padded = const_cast<float*>(packed) + static_cast<size_t>(c.columns) * c.depth;
  for (int j = 0; j < c.columns; ++j) padded[j] = j < c.outC ? bias[j] : 0.0f;
  return padded;
}

Tile forward_tile(const Conv& c, const float* packed, const float* bias, int panel, int worker) {
  ptrdiff_t* segments = offset_list(worker, c.runs);
  for (int run = 0; run < c.runs; ++run) segments[run] = c.runOffset(run);
  Tile t = {};
  t.aRow = static_cast<ptrdiff_t>(c.strideW) * c.inC;
  t.aStep = 1;
  t.b = packed + static_cast<size_t>(panel) * c.depth * kNR;
  t.bStep = kNR;
  t.segments = segments;
  t.segmentCount = c.runs;
  t.length = c.runLength;
  t.columns = min_of(kNR, c.outC - panel * kNR);
  t.bias = bias ? bias + panel * kNR : nullptr;
  return t;
}

}  // namespace

void conv2d(const float* x, const float* w, const float* bias, float* y, const int32_t* geometry,
            int32_t activation) {
  const Conv c(geometry);
  const float* packed = pack_filter(c, w);
  const float* packedBias = pack_bias(c, bias, packed);
  // Few images: several bands of rows each, so that all workers find something to do.
  const int bands = c.batch >= 16 ? 1 : min_of(c.outH, 16 / max_of(1, c.batch));
  parallel_for(c.batch * bands, [&](int task, int worker) {
    const int n = task / bands, band = task % bands;
    const int first = c.outH * band / bands, last = c.outH * (band + 1) / bands;
    const float* image = padded_image(c, x + n * c.imageSize(), worker);
    float* out = y + n * c.outputSize();
    for (int panel = 0; panel < panel_count(c.outC); ++panel) {
      Tile t = forward_tile(c, packed, packedBias, panel, worker);
      t.activation = activation;
      t.cRow = c.outC;
      for (int oh = first; oh < last; ++oh) {
        t.a = image + c.pixelOffset(oh, 0);
        t.c = out + static_cast<size_t>(oh) * c.outW * c.outC + panel * kNR;
        run_rows(t, c.outW);
      }
    }
  });
}

// ---- Input gradient --------------------------------------------------------------------------

namespace {

// w transposed: per run panels of [OC][runLength] (or one set of [OC][depth] when gathered).
const float* pack_filter_transposed(const Conv& c, const float* w) {
  const int sets = c.gathered ? 1 : c.runs, width = c.gathered ? c.depth : c.runLength;
  const size_t setSize = static_cast<size_t>(round_up(width, kNR)) * c.outC;
  float* packed = scratch(0, kScratchPacked, sets * setSize);
  parallel_for(sets, [&](int set, int) {
    pack_panels(w + static_cast<size_t>(set) * width * c.outC, 1, c.outC, c.outC, width,
                packed + set * setSize, 0, panel_count(width));
  });
  return packed;
}

// Adds the gradient of one image to `image` (with the pitch of the padded image); dy [outH*outW]
// rows of pitch `pitch`.
void input_gradient(const Conv& c, const float* dy, int pitch, const float* packed, float* image,
                    int worker) {
  static const ptrdiff_t kNoOffset = 0;
  const int sets = c.gathered ? 1 : c.runs, width = c.gathered ? c.depth : c.runLength;
  const size_t setSize = static_cast<size_t>(round_up(width, kNR)) * c.outC;
  Tile t = {};
  t.aRow = pitch;
  t.aStep = 1;
  t.bStep = kNR;
  t.segments = &kNoOffset;
  t.segmentCount = 1;
  t.length = c.outC;
  const int tilePitch = round_up(width, kNR);
  float* products =
      c.gathered ? scratch(worker, kScratchTile, static_cast<size_t>(c.outW) * tilePitch) : nullptr;
  for (int set = 0; set < sets; ++set) {
    for (int panel = 0; panel < panel_count(width); ++panel) {
      t.b = packed + set * setSize + static_cast<size_t>(panel) * c.outC * kNR;
      t.columns = c.gathered ? kNR : min_of(kNR, width - panel * kNR);
      for (int oh = 0; oh < c.outH; ++oh) {
        t.a = dy + static_cast<size_t>(oh) * c.outW * pitch;
        if (c.gathered) continue;
        t.c = image + c.pixelOffset(oh, 0) + c.runOffset(set) + panel * kNR;
        t.cRow = static_cast<ptrdiff_t>(c.strideW) * c.inC;
        t.accumulate = true;
        run_rows(t, c.outW);
      }
    }
  }
  if (!c.gathered) return;
  t.cRow = tilePitch;
  for (int oh = 0; oh < c.outH; ++oh) {
    t.a = dy + static_cast<size_t>(oh) * c.outW * pitch;
    for (int panel = 0; panel < panel_count(width); ++panel) {
      t.b = packed + static_cast<size_t>(panel) * c.outC * kNR;
      t.columns = kNR;
      t.c = products + panel * kNR;
      run_rows(t, c.outW);
    }
    scatter_patches(c, products, image, oh, 0, c.outW, tilePitch);
  }
}

// Where to sum the gradient of image n: in place when no padding has to be cut off.
float* gradient_image(const Conv& c, float* dx, int n, int worker) {
  float* image = c.padded ? scratch(worker, kScratchImage, c.extentSize()) : dx + n * c.imageSize();
  set_zero(image, c.padded ? c.extentSize() : c.imageSize());
  return image;
}

void cut_padding(const Conv& c, const float* image, float* dx, int n) {
  if (!c.padded) return;
  float* out = dx + n * c.imageSize();
  set_zero(out, c.imageSize());
  const Overlap o(c);
  const size_t bytes = static_cast<size_t>(max_of(0, o.columnLast - o.columnFirst)) * c.inC * 4;
  for (int row = o.rowFirst; row < o.rowLast; ++row) {
    __builtin_memcpy(out + (static_cast<size_t>(row - c.padTop) * c.inW +
                            (o.columnFirst - c.padLeft)) * c.inC,
                     image + (static_cast<size_t>(row) * c.extentW + o.columnFirst) * c.inC, bytes);
  }
}

}  // namespace

void conv2d_backprop_input(const float* dy, const float* w, float* dx, const int32_t* geometry) {
  const Conv c(geometry);
  const float* packed = pack_filter_transposed(c, w);
  parallel_for(c.batch, [&](int n, int worker) {
    float* image = gradient_image(c, dx, n, worker);
    input_gradient(c, dy + n * c.outputSize(), c.outC, packed, image, worker);
    cut_padding(c, image, dx, n);
  });
}

// ---- Filter gradient -------------------------------------------------------------------------

namespace {

// Enough groups to keep many threads busy, few enough that adding them up costs nothing; fixed,
// because the order of the sums follows from it.
constexpr int kGroups = 16;

// Adds one image to sums [depth][columns]; dy has rows of pitch c.columns (padded with zeros).
void filter_gradient(const Conv& c, const float* image, const float* dy, float* sums, int worker) {
  Tile t = {};
  t.bStep = c.columns;
  t.cRow = c.columns;
  t.columns = kNR;
  t.aRow = 1;
  t.accumulate = true;
  static const ptrdiff_t kNoOffset = 0;
  if (c.gathered) {
    const int pixels = c.outH * c.outW;
    float* patches = scratch(worker, kScratchTile, static_cast<size_t>(pixels) * c.depth);
    gather_patches(c, image, patches);
    t.a = patches;
    t.aStep = c.depth;
    t.segments = &kNoOffset;
    t.segmentCount = 1;
    t.length = pixels;
    for (int panel = 0; panel < c.columns / kNR; ++panel) {
      t.b = dy + panel * kNR;
      t.c = sums + panel * kNR;
      run_rows(t, c.depth);
    }
    return;
  }
  ptrdiff_t* rows = offset_list(worker, c.outH);
  for (int oh = 0; oh < c.outH; ++oh) rows[oh] = c.pixelOffset(oh, 0);
  t.aStep = static_cast<ptrdiff_t>(c.strideW) * c.inC;
  t.segments = rows;
  t.segmentCount = c.outH;
  t.length = c.outW;
  for (int run = 0; run < c.runs; ++run) {
    for (int panel = 0; panel < c.columns / kNR; ++panel) {
      t.a = image + c.runOffset(run);
      t.b = dy + panel * kNR;
      t.c = sums + static_cast<size_t>(run) * c.runLength * c.columns + panel * kNR;
      run_rows(t, c.runLength);
    }
  }
}

// dw [depth, outC] = the groups' sums, in order.
void add_groups(const Conv& c, const float* sums, int groups, float* dw) {
  const size_t size = static_cast<size_t>(c.depth) * c.columns;
  parallel_for(c.depth, [&](int row, int) {
    for (int j = 0; j < c.outC; ++j) {
      float sum = sums[static_cast<size_t>(row) * c.columns + j];
      for (int g = 1; g < groups; ++g) sum += sums[g * size + static_cast<size_t>(row) * c.columns + j];
      dw[static_cast<size_t>(row) * c.outC + j] = sum;
    }
  });
}

// dy with rows of pitch c.columns.
const float* widen_rows(const Conv& c, const float* dy, int worker) {
  if (c.columns == c.outC) return dy;
  const int pixels = c.outH * c.outW;
  float* wide = scratch(worker, kScratchOutput, static_cast<size_t>(pixels) * c.columns);
  for (int p = 0; p < pixels; ++p) {
    for (int j = 0; j < c.columns; ++j) {
      wide[static_cast<size_t>(p) * c.columns + j] =
          j < c.outC ? dy[static_cast<size_t>(p) * c.outC + j] : 0.0f;
    }
  }
  return wide;
}

}  // namespace

void conv2d_backprop_filter(const float* x, const float* dy, float* dw, const int32_t* geometry) {
  const Conv c(geometry);
  const int groups = max_of(1, min_of(kGroups, c.batch));
  const size_t size = static_cast<size_t>(c.depth) * c.columns;
  float* sums = scratch(0, kScratchPartial, groups * size);
  parallel_for(groups, [&](int g, int worker) {
    set_zero(sums + g * size, size);
    const int first = static_cast<int>(static_cast<int64_t>(c.batch) * g / groups);
    const int last = static_cast<int>(static_cast<int64_t>(c.batch) * (g + 1) / groups);
    for (int n = first; n < last; ++n) {
      const float* image = padded_image(c, x + n * c.imageSize(), worker);
      const float* wide = widen_rows(c, dy + n * c.outputSize(), worker);
      filter_gradient(c, image, wide, sums + g * size, worker);
    }
  });
  add_groups(c, sums, groups, dw);
}

// ---- Fused convolution, bias, ReLU and max-pool ------------------------------------------------

namespace {

// The pooled block's convolution computes only the outputs that the pool looks at.
struct Block : Conv {
  int pool, pooledH, pooledW;
  Block(const int32_t* g, int pool)
      : Conv(g, g[7] / pool * pool, g[8] / pool * pool), pool(pool), pooledH(g[7] / pool),
        pooledW(g[8] / pool) {}
  size_t pooledSize() const { return static_cast<size_t>(pooledH) * pooledW * outC; }
};

// One row of pooled outputs of one panel from `rows` [pool][outW][kNR].
void pool_row(const Block& c, const float* rows, float* y, uint8_t* argmax, int columns) {
  for (int pw = 0; pw < c.pooledW; ++pw) {
    float values[kNR];
    int32_t winners[kNR];
    for (int v = 0; v < kNV; ++v) {
      const float* window = rows + static_cast<size_t>(pw) * c.pool * kNR + v * kWidth;
      Vec best = load(window);
      IntVec winner = {};
      for (int i = 0; i < c.pool; ++i) {
        for (int j = 0; j < c.pool; ++j) {
          const Vec value = load(window + (static_cast<size_t>(i) * c.outW + j) * kNR);
          const IntVec better = (value > best) | (value != value);
          best = choose(better, value, best);
          winner = choose(better, IntVec{} + (i * c.pool + j), winner);
        }
      }
      const IntVec dead = best <= Vec{};
      best = choose(dead, Vec{}, best);
      winner = choose(dead, IntVec{} + 255, winner);
      store(values + v * kWidth, best);
      __builtin_memcpy(winners + v * kWidth, &winner, sizeof winner);
    }
    for (int j = 0; j < columns; ++j) {
      y[static_cast<size_t>(pw) * c.outC + j] = values[j];
      argmax[static_cast<size_t>(pw) * c.outC + j] = static_cast<uint8_t>(winners[j]);
    }
  }
}

// The gradient with respect to the convolution's output of one image: dy at each window's winner,
// 0 elsewhere; rows of pitch c.columns.
const float* unpool(const Block& c, const float* dy, const uint8_t* argmax, int worker) {
  const size_t size = static_cast<size_t>(c.outH) * c.outW * c.columns;
  float* full = scratch(worker, kScratchOutput, size);
  set_zero(full, size);
  for (int ph = 0; ph < c.pooledH; ++ph) {
    for (int pw = 0; pw < c.pooledW; ++pw) {
      const size_t from = (static_cast<size_t>(ph) * c.pooledW + pw) * c.outC;
      float* window = full + (static_cast<size_t>(ph) * c.pool * c.outW + pw * c.pool) * c.columns;
      for (int j = 0; j < c.outC; ++j) {
        const int winner = argmax[from + j];
        if (winner == 255) continue;
        window[(static_cast<size_t>(winner / c.pool) * c.outW + winner % c.pool) * c.columns + j] =
            dy[from + j];
      }
    }
  }
  return full;
}

}  // namespace

void conv2d_relu_pool(const float* x, const float* w, const float* bias, float* y, uint8_t* argmax,
                      const int32_t* geometry, int32_t pool) {
  const Block c(geometry, pool);
  const float* packed = pack_filter(c, w);
  const float* packedBias = pack_bias(c, bias, packed);
  parallel_for(c.batch, [&](int n, int worker) {
    const float* image = padded_image(c, x + n * c.imageSize(), worker);
    float* rows =
        scratch(worker, kScratchOutput, static_cast<size_t>(c.pool) * c.outW * kNR);
    for (int panel = 0; panel < panel_count(c.outC); ++panel) {
      Tile t = forward_tile(c, packed, packedBias, panel, worker);
      const int columns = t.columns;
      t.columns = kNR;
      t.cRow = kNR;
      for (int ph = 0; ph < c.pooledH; ++ph) {
        for (int i = 0; i < c.pool; ++i) {
          t.a = image + c.pixelOffset(ph * c.pool + i, 0);
          t.c = rows + static_cast<size_t>(i) * c.outW * kNR;
          run_rows(t, c.outW);
        }
        const size_t out = n * c.pooledSize() +
                           static_cast<size_t>(ph) * c.pooledW * c.outC + panel * kNR;
        pool_row(c, rows, y + out, argmax + out, columns);
      }
    }
  });
}

void conv2d_relu_pool_backprop_filter(const float* x, const float* dy, const uint8_t* argmax,
                                      float* dw, float* dbias, const int32_t* geometry,
                                      int32_t pool) {
  const Block c(geometry, pool);
  const int groups = max_of(1, min_of(kGroups, c.batch));
  const size_t size = static_cast<size_t>(c.depth + 1) * c.columns;  // the last row sums the bias
  float* sums = scratch(0, kScratchPartial, groups * size);
  parallel_for(groups, [&](int g, int worker) {
    float* sum = sums + g * size;
    set_zero(sum, size);
    float* biasSum = sum + static_cast<size_t>(c.depth) * c.columns;
    const int first = static_cast<int>(static_cast<int64_t>(c.batch) * g / groups);
    const int last = static_cast<int>(static_cast<int64_t>(c.batch) * (g + 1) / groups);
    for (int n = first; n < last; ++n) {
      const float* image = padded_image(c, x + n * c.imageSize(), worker);
      const float* full =
          unpool(c, dy + n * c.pooledSize(), argmax + n * c.pooledSize(), worker);
      filter_gradient(c, image, full, sum, worker);
      for (size_t p = 0; p < static_cast<size_t>(c.outH) * c.outW; ++p) {
        for (int j = 0; j < c.columns; ++j) biasSum[j] += full[p * c.columns + j];
      }
    }
  });
  parallel_for(c.depth + 1, [&](int row, int) {
    float* out = row < c.depth ? dw + static_cast<size_t>(row) * c.outC : dbias;
    if (out == nullptr) return;
    for (int j = 0; j < c.outC; ++j) {
      float sum = 0.0f;
      for (int g = 0; g < groups; ++g) sum += sums[g * size + static_cast<size_t>(row) * c.columns + j];
      out[j] = sum;
    }
  });
}

void conv2d_relu_pool_backprop_input(const float* dy, const uint8_t* argmax, const float* w,
                                     float* dx, const int32_t* geometry, int32_t pool) {
  const Block c(geometry, pool);
  const float* packed = pack_filter_transposed(c, w);
  parallel_for(c.batch, [&](int n, int worker) {
    float* image = gradient_image(c, dx, n, worker);
    const float* full = unpool(c, dy + n * c.pooledSize(), argmax + n * c.pooledSize(), worker);
    input_gradient(c, full, c.columns, packed, image, worker);
    cut_padding(c, image, dx, n);
  });
}

}  // namespace KERNEL_ISA

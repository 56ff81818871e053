// Convolutions in NHWC without im2col, and their gradients.
//
// Forward. One tile computes up to kMaxRows neighboring pixels of an output row times kNR output
// channels (gemm.h); the inner product reads the runs of the pixels' patches from the image itself
// (conv.h). Weights are packed once per call into panels [OC/kNR][KH*KW*IC][kNR]; a panel of a
// 3x3x32 layer is 288 x 32 x 4 = 36 KB with AVX-512 (half of it with AVX2) and stays in the L1
// cache while all rows of an image are processed. Images that need padding are copied into a padded
// scratch image first: IC floats moved per pixel, against KH*KW*OC FMAs for each of them.
//
// Input gradient. For each run of a patch, the product dY [pixels, OC] . W[run]^T [OC, runLength]
// is added to the stretches of dX that the forward pass read.
//
// Filter gradient. dW [run, OC] += X^T . dY over the pixels of an image: the tile's rows are
// neighboring floats of a run, its steps are pixels.
//
// With few input channels runs are too short for vectors (3 floats for a 3x3 kernel on a gray
// image): then pixels are gathered to rows of all KH*KW*IC values first, which is im2col for one
// image at a time. Where dY is mostly zeros, conv_sparse.h is used.
#include "conv_sparse.h"

namespace KERNEL_ISA {

// ---- Forward -----------------------------------------------------------------------------------

void conv2d(const float* x, const float* w, const float* bias, float* y, const int32_t* geometry,
            int32_t activation) {
  const Conv c(geometry);
  const PackedFilter filter = pack_filter(c, w, bias);
  const int bands = parts_per_image(c.batch, c.outH);
  parallel_for(c.batch * bands, [&](int task, int worker) {
    const int n = task / bands, band = task % bands;
    const float* image = padded_image(c, x + n * c.image_size(), worker);
    float* out = y + n * c.output_size();
    for (int panel = 0; panel < panel_count(c.outC); ++panel) {
      Tile t = forward_tile(c, filter, panel, worker);
      t.activation = activation;
      t.cRow = c.outC;
      for (int oh = c.outH * band / bands; oh < c.outH * (band + 1) / bands; ++oh) {
        t.a = image + c.pixel_offset(oh, 0);
        t.c = out + static_cast<size_t>(oh) * c.outW * c.outC + panel * kNR;
        run_rows(t, c.outW);
      }
    }
  });
}

// ---- Input gradient ----------------------------------------------------------------------------

namespace {

// How many of dY's elements may differ from 0 for the sparse kernels to be the faster ones: they
// run at about half of the dense kernels' rate.
constexpr float kSparse = 0.4f;

// Share of non-zeros among 1,024 elements spread over `x`. A property of the data alone, so the
// path, and with it the order of the sums, is the same for any number of threads.
float density(const float* x, size_t count) {
  const size_t step = count / 1024 + 1;
  size_t seen = 0, nonZero = 0;
  for (size_t i = 0; i < count; i += step, ++seen) nonZero += x[i] != 0.0f;
  return static_cast<float>(nonZero) / static_cast<float>(max_of(1, static_cast<int>(seen)));
}

// Offsets of a patch's values in the image.
const ptrdiff_t* value_offsets(const Conv& c, int worker) {
  ptrdiff_t* offsets = offset_list(worker, c.depth);
  for (int i = 0; i < c.depth; ++i) offsets[i] = c.run_offset(i / c.runLength) + i % c.runLength;
  return offsets;
}

// One row per output pixel with all values of its patch.
void gather_patches(const Conv& c, const float* image, float* patches, int worker) {
  const ptrdiff_t* offsets = value_offsets(c, worker);
  for (int oh = 0; oh < c.outH; ++oh) {
    for (int ow = 0; ow < c.outW; ++ow) {
      const float* pixel = image + c.pixel_offset(oh, ow);
      for (int i = 0; i < c.depth; ++i) *patches++ = pixel[offsets[i]];
    }
  }
}

// The reverse, for one output row: adds rows of patch gradients to the pixels they came from. Value
// by value, so that neighboring additions go to different pixels and none waits for another.
void scatter_patches(const Conv& c, const float* patches, int pitch, const ptrdiff_t* offsets,
                     float* image, int oh) {
  const ptrdiff_t step = c.pixel_offset(0, 1);
  for (int i = 0; i < c.depth; ++i) {
    float* out = image + c.pixel_offset(oh, 0) + offsets[i];
    const float* in = patches + i;
    for (int ow = 0; ow < c.outW; ++ow, out += step, in += pitch) *out += *in;
  }
}

constexpr ptrdiff_t kNoOffset = 0;

// w transposed: per run panels of [OC][runLength], or one set of [OC][depth] for small runs.
struct TransposedFilter {
  int sets, width;  // width of a set: runLength or depth
  size_t setSize;
  const float* panels;
};
TransposedFilter pack_filter_transposed(const Conv& c, const float* w) {
  const int sets = c.small ? 1 : c.runs, width = c.small ? c.depth : c.runLength;
  const size_t setSize = static_cast<size_t>(round_up(width, kNR)) * c.outC;
  float* packed = scratch(0, kScratchPacked, sets * setSize);
  parallel_for(sets, [&](int set, int) {
    pack_panels(w + static_cast<size_t>(set) * width * c.outC, 1, c.outC, c.outC, width,
                packed + set * setSize, 0, panel_count(width));
  });
  return {sets, width, setSize, packed};
}

// Adds the gradient of one image to `image`.
void add_dense_input_gradient(const Conv& c, const float* dy, const TransposedFilter& filter,
                              float* image, int worker) {
  Tile t = {};
  t.aRow = c.outC;
  t.aStep = 1;
  t.bStep = kNR;
  t.segments = &kNoOffset;
  t.segmentCount = 1;
  t.length = c.outC;
  if (c.small) {
    const int pitch = round_up(filter.width, kNR);
    float* products = scratch(worker, kScratchTile, static_cast<size_t>(c.outW) * pitch);
    const ptrdiff_t* offsets = value_offsets(c, worker);
    t.cRow = pitch;
    t.columns = kNR;
    for (int oh = 0; oh < c.outH; ++oh) {
      t.a = dy + static_cast<size_t>(oh) * c.outW * c.outC;
      for (int panel = 0; panel < panel_count(filter.width); ++panel) {
        t.b = filter.panels + static_cast<size_t>(panel) * c.outC * kNR;
        t.c = products + panel * kNR;
        run_rows(t, c.outW);
      }
      scatter_patches(c, products, pitch, offsets, image, oh);
    }
    return;
  }
  t.cRow = static_cast<ptrdiff_t>(c.strideW) * c.inC;
  t.accumulate = true;
  for (int set = 0; set < filter.sets; ++set) {
    for (int panel = 0; panel < panel_count(filter.width); ++panel) {
      t.b = filter.panels + set * filter.setSize + static_cast<size_t>(panel) * c.outC * kNR;
      t.columns = min_of(kNR, filter.width - panel * kNR);
      for (int oh = 0; oh < c.outH; ++oh) {
        t.a = dy + static_cast<size_t>(oh) * c.outW * c.outC;
        t.c = image + c.pixel_offset(oh, 0) + c.run_offset(set) + panel * kNR;
        run_rows(t, c.outW);
      }
    }
  }
}

// The non-zeros of one image's dY. Returns the number of pixels that have any.
int list_pixels(const Conv& c, const float* dy, size_t rowSize, PixelList* pixels, Entry* entries) {
  int used = 0, count = 0;
  for (int oh = 0; oh < c.outH; ++oh) {
    for (int ow = 0; ow < c.outW; ++ow, dy += c.outC) {
      const int first = used;
      for (int oc = 0; oc < c.outC; ++oc) {
        entries[used] = {static_cast<int32_t>(oc * rowSize), dy[oc]};
        used += dy[oc] != 0.0f;
      }
      if (used > first) pixels[count++] = {c.pixel_offset(oh, ow), first, used};
    }
  }
  return count;
}

void add_sparse_input_gradient(const Conv& c, const float* dy, const float* rows, float* image,
                               int worker) {
  Entry* entries =
      reinterpret_cast<Entry*>(scratch(worker, kScratchList, 2 * (c.output_size() + 1)));
  PixelList* pixels = reinterpret_cast<PixelList*>(
      scratch(worker, kScratchOutput, static_cast<size_t>(c.outH) * c.outW * 4));
  const int count = list_pixels(c, dy, SparsePatch(c).size, pixels, entries);
  add_input_gradient(c, rows, pixels, count, entries, image);
}

}  // namespace

void conv2d_backprop_input(const float* dy, const float* w, float* dx, const int32_t* geometry) {
  const Conv c(geometry);
  const TransposedFilter filter = pack_filter_transposed(c, w);
  // Each image takes its own path, so that its gradient does not depend on its neighbors.
  const auto is_sparse = [&](int n) {
    return !c.small && density(dy + n * c.output_size(), c.output_size()) < kSparse;
  };
  bool anySparse = false;
  for (int n = 0; n < c.batch && !anySparse; ++n) anySparse = is_sparse(n);
  const float* rows =
      anySparse ? pack_filter_rows(c, w, scratch(0, kScratchPartial, SparsePatch(c).size * c.outC))
                : nullptr;
  parallel_for(c.batch, [&](int n, int worker) {
    const float* d = dy + n * c.output_size();
    float* out = dx + n * c.image_size();
    const bool sparse = anySparse && is_sparse(n);
    float* image = gradient_image(c, out, !c.padded && (!sparse || fits_vectors(c, out)), worker);
    if (sparse) {
      add_sparse_input_gradient(c, d, rows, image, worker);
    } else {
      add_dense_input_gradient(c, d, filter, image, worker);
    }
    store_gradient(c, image, out);
  });
}

// ---- Filter gradient ---------------------------------------------------------------------------

namespace {

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

// Adds one image to sums [depth][columns]; dy has rows of pitch c.columns.
void add_dense_filter_gradient(const Conv& c, const float* image, const float* dy, float* sums,
                               int worker) {
  Tile t = {};
  t.bStep = c.columns;
  t.cRow = c.columns;
  t.columns = kNR;
  t.aRow = 1;
  t.accumulate = true;
  if (c.small) {
    const int pixels = c.outH * c.outW;
    float* patches = scratch(worker, kScratchTile, static_cast<size_t>(pixels) * c.depth);
    gather_patches(c, image, patches, worker);
    t.aStep = c.depth;
    t.segments = &kNoOffset;
    t.segmentCount = 1;
    t.length = pixels;
    for (int panel = 0; panel < c.columns / kNR; ++panel) {
      t.a = patches;
      t.b = dy + panel * kNR;
      t.c = sums + panel * kNR;
      run_rows(t, c.depth);
    }
    return;
  }
  ptrdiff_t* rows = offset_list(worker, c.outH);
  for (int oh = 0; oh < c.outH; ++oh) rows[oh] = c.pixel_offset(oh, 0);
  t.aStep = static_cast<ptrdiff_t>(c.strideW) * c.inC;
  t.segments = rows;
  t.segmentCount = c.outH;
  t.length = c.outW;
  for (int run = 0; run < c.runs; ++run) {
    for (int panel = 0; panel < c.columns / kNR; ++panel) {
      t.a = image + c.run_offset(run);
      t.b = dy + panel * kNR;
      t.c = sums + static_cast<size_t>(run) * c.runLength * c.columns + panel * kNR;
      run_rows(t, c.runLength);
    }
  }
}

void add_sparse_filter_gradient(const Conv& c, const float* x, const float* dy, float* sums,
                                int worker) {
  add_filter_gradient(c, x, c.outH * c.outW, sums, worker, [&](int oc, Entry* entries) {
    int count = 0;
    const float* value = dy + oc;
    for (int oh = 0; oh < c.outH; ++oh) {
      for (int ow = 0; ow < c.outW; ++ow, value += c.outC) {
        entries[count] = {static_cast<int32_t>(c.pixel_offset(oh, ow)), *value};
        count += *value != 0.0f;
      }
    }
    return count;
  });
}

}  // namespace

void conv2d_backprop_filter(const float* x, const float* dy, float* dw, const int32_t* geometry) {
  const Conv c(geometry);
  const bool sparse = !c.small && density(dy, c.batch * c.output_size()) < kSparse;
  const size_t size =
      sparse ? SparsePatch(c).size * c.outC : static_cast<size_t>(c.depth) * c.columns;
  const int groups = group_count(c);
  float* sums = scratch(0, kScratchPartial, groups * size);
  for_groups(
      c, [&](int g) { set_zero(sums + g * size, size); },
      [&](int g, int n, int worker) {
        const float* image = x + n * c.image_size();
        const float* d = dy + n * c.output_size();
        float* sum = sums + g * size;
        if (sparse) {
          add_sparse_filter_gradient(c, image, d, sum, worker);
        } else {
          add_dense_filter_gradient(c, padded_image(c, image, worker), widen_rows(c, d, worker),
                                    sum, worker);
        }
      });
  if (sparse) return store_filter_gradient(c, sums, groups, size, dw);
  parallel_for(c.depth, [&](int row, int) {
    for (int j = 0; j < c.outC; ++j) {
      const float* from = sums + static_cast<size_t>(row) * c.columns + j;
      float sum = from[0];
      for (int g = 1; g < groups; ++g) sum += from[g * size];
      dw[static_cast<size_t>(row) * c.outC + j] = sum;
    }
  });
}

}  // namespace KERNEL_ISA

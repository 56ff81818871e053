// The training block: convolution + bias + ReLU + max-pool in one pass, and its gradients.
//
// Forward. For each panel of output channels and each row of windows, the micro-kernel writes
// `pool` convolution rows to scratch memory (2 x 26 x 32 floats = 6.6 KB: they never leave the L1
// cache), and the pool reads them back. What is kept for the gradient is one byte per pooled
// value, the index of the winner in its window, instead of all activations; outputs outside every
// window are not computed.
//
// Gradients are computed straight from the pooled dY and the winners, which give the position of
// the one non-zero of each window: conv_sparse.h, or conv_window.h for few input channels. The
// gradient with respect to the convolution's output is never stored.
//
// conv_winograd.h and conv_gray.h compute the common cases in fewer operations.
#include "conv_gray.h"
#include "conv_sparse.h"
#include "conv_ties.h"
#include "conv_window.h"
#include "conv_winograd.h"

namespace KERNEL_ISA {
namespace {

// One row of pooled outputs of one panel from `rows` [pool][outW][kNR]. kPool = 0: any pool.
template <int kPool>
void pool_row(const Block& c, const float* rows, float* y, uint8_t* argmax, int columns) {
  const int pool = kPool > 0 ? kPool : c.pool;
  const size_t pitch = static_cast<size_t>(c.outW) * kNR;
  for (int pw = 0; pw < c.pooledW; ++pw) {
    for (int j = 0; j < columns; j += kWidth) {
      const float* window = rows + static_cast<size_t>(pw) * pool * kNR + j;
      Winner winner;
      for (int i = 0; i < pool; ++i) {
        for (int k = 0; k < pool; ++k) {
          winner.update(load(window + i * pitch + k * kNR), i * pool + k);
        }
      }
      winner.store_to(y + j, argmax + j, min_of(kWidth, columns - j));
    }
    y += c.outC;
    argmax += c.outC;
  }
}

// Rows first <= ph < last of the pooled outputs of one image, directly.
void forward_direct(const Block& c, const PackedFilter& filter, const float* image, int first,
                    int last, float* y, uint8_t* argmax, int worker) {
  float* rows = scratch(worker, kScratchTile, static_cast<size_t>(c.pool) * c.outW * kNR);
  for (int panel = 0; panel < panel_count(c.outC); ++panel) {
    Tile t = forward_tile(c, filter, panel, worker);
    const int columns = t.columns;
    t.columns = kNR;
    t.cRow = kNR;
    for (int ph = first; ph < last; ++ph) {
      for (int i = 0; i < c.pool; ++i) {
        t.a = image + c.pixel_offset(ph * c.pool + i, 0);
        t.c = rows + static_cast<size_t>(i) * c.outW * kNR;
        run_rows(t, c.outW);
      }
      const size_t at = static_cast<size_t>(ph) * c.pooledW * c.outC + panel * kNR;
      if (c.pool == 2) {
        pool_row<2>(c, rows, y + at, argmax + at, columns);
      } else {
        pool_row<0>(c, rows, y + at, argmax + at, columns);
      }
    }
  }
}

// The whole kernel by Winograd's tiles, of several images at a time where these are small.
template <int kSpan>
void forward_winograd(const Block& c, const float* x, const float* w, const float* bias, float* y,
                      uint8_t* argmax) {
  constexpr int kElements = 4 * line_length(kSpan);
  const PackedFilter filter = pack_winograd_filter<kSpan>(c, w, bias);
  const TileGrid<kSpan> grid(c.outW);
  const int perImage = c.pooledH * grid.perRow;
  const int parts = min_of(parts_per_image(c.batch, c.pooledH), max_of(1, perImage / kLeastTiles));
  const int together = max_of(1, min_of(kTiles / perImage, c.batch / 16));
  const int bandRows = max_of(1, kTiles / grid.perRow);
  const size_t most = static_cast<size_t>(together) * min_of(bandRows, c.pooledH) * grid.perRow;
  const size_t productSize = kElements * element_stride(most * kNR);
  const int bandWindows = min_of(bandRows, c.pooledH) * c.pooledW;
  const size_t bandPixels = 4 * static_cast<size_t>(bandWindows + bandRows + c.pooledW + 1);
  parallel_for((c.batch + together - 1) / together * parts, [&](int task, int worker) {
    const int firstImage = task / parts * together, part = task % parts;
    const int images = min_of(together, c.batch - firstImage);
    const int last = c.pooledH * (part + 1) / parts;
    float* transformed = scratch(worker, kScratchTile, kElements * element_stride(most * c.inC));
    float* products = scratch(worker, kScratchOutput, productSize + 2 * c.outW * kNR);
    float* rows = products + productSize;
    Ties* ties = reinterpret_cast<Ties*>(
        scratch(worker, kScratchList, bandPixels / 4 + together * bandWindows));
    uint8_t* pixels = reinterpret_cast<uint8_t*>(ties + together * bandWindows);
    for (int row = c.pooledH * part / parts; row < last; row += bandRows) {
      const int rowCount = min_of(bandRows, last - row), tiles = rowCount * grid.perRow;
      const size_t inputStride = element_stride(static_cast<size_t>(images) * tiles * c.inC);
      const size_t stride = element_stride(static_cast<size_t>(images) * tiles * kNR);
      for (int i = 0; i < images; ++i) {
        const float* image = padded_image(c, x + (firstImage + i) * c.image_size(), worker);
        transform_input(c, grid, image, row, rowCount,
                        transformed + static_cast<size_t>(i) * tiles * c.inC, inputStride);
        find_ties(c, image, row, rowCount, pixels, ties + i * rowCount * c.pooledW);
      }
      for (int panel = 0; panel < panel_count(c.outC); ++panel) {
        multiply_elements(c, filter, panel, kElements, images * tiles, transformed, products);
        const int columns = min_of(kNR, c.outC - panel * kNR);
        for (int i = 0; i < images * rowCount; ++i) {
          transform_output(grid, products + static_cast<size_t>(i) * grid.perRow * kNR, stride,
                           filter.bias + panel * kNR, rows);
          level_ties(c, ties + i * c.pooledW, filter.bias + panel * kNR, rows);
          const size_t at = (firstImage + i / rowCount) * c.pooled_size() +
                            static_cast<size_t>(row + i % rowCount) * c.pooledW * c.outC +
                            panel * kNR;
          pool_row<2>(c, rows, y + at, argmax + at, columns);
        }
      }
    }
  });
}

// sums [outC] += the gradients of one image that ReLU let through.
void add_bias_gradient(const Block& c, const float* dy, const uint8_t* argmax, float* sums) {
  int oc = 0;
  for (; oc + kWidth <= c.outC; oc += kWidth) {
    Vec sum = {};
    for (size_t at = oc; at < c.pooled_size(); at += c.outC) {
      sum += choose(load_bytes(argmax + at) == kNoGradient, Vec{}, load(dy + at));
    }
    store(sums + oc, load(sums + oc) + sum);
  }
  for (; oc < c.outC; ++oc) {
    for (size_t at = oc; at < c.pooled_size(); at += c.outC) {
      sums[oc] += argmax[at] == kNoGradient ? 0.0f : dy[at];
    }
  }
}

}  // namespace

void conv2d_relu_pool(const float* x, const float* w, const float* bias, float* y, uint8_t* argmax,
                      const int32_t* geometry, int32_t pool) {
  const Block c(geometry, pool);
  if (pool == 2 && winograd_fits(c)) {
    return (span_of(c.outW) == 5 ? forward_winograd<5> : forward_winograd<2>)(c, x, w, bias, y,
                                                                              argmax);
  }
  const PackedFilter filter = pack_filter(c, w, bias);
  const auto forward = is_gray(c) ? forward_gray : forward_direct;
  const int parts = parts_per_image(c.batch, c.pooledH);
  parallel_for(c.batch * parts, [&](int task, int worker) {
    const int n = task / parts, part = task % parts;
    const float* image = padded_image(c, x + n * c.image_size(), worker);
    forward(c, filter, image, c.pooledH * part / parts, c.pooledH * (part + 1) / parts,
            y + n * c.pooled_size(), argmax + n * c.pooled_size(), worker);
  });
}

// ---- Filter gradient ---------------------------------------------------------------------------

namespace {

// Offsets in the image: of every window, and from there of the pixel that won, by the byte in
// argmax.
struct WinnerOffsets {
  int32_t pixels[256];
  const int32_t* windows;
  explicit WinnerOffsets(const Block& c) {
    int32_t* offsets = reinterpret_cast<int32_t*>(scratch(0, kScratchPacked, c.windows()));
    for (int w = 0; w < c.windows(); ++w) offsets[w] = static_cast<int32_t>(c.window_offset(w));
    windows = offsets;
    for (int index = 0; index < 256; ++index) {
      pixels[index] = index < c.pool * c.pool
                          ? static_cast<int32_t>(c.pixel_offset(index / c.pool, index % c.pool))
                          : 0;
    }
  }
};

void add_filter_gradient(const Block& c, const float* x, const float* dy, const uint8_t* argmax,
                         const WinnerOffsets& offsets, float* sums, int worker) {
  const int windows = c.windows(), pitch = c.outC;
  add_filter_gradient(c, x, windows, sums, worker, [&](int oc, Entry* entries) {
    const uint8_t* index = argmax + oc;
    const float* value = dy + oc;
    int count = 0;
    for (int w = 0; w < windows; ++w, index += pitch, value += pitch) {
      // Always written, counted only if it has a gradient: no branch to mispredict.
      entries[count] = {offsets.windows[w] + offsets.pixels[*index], *value};
      count += *index != kNoGradient;
    }
    return count;
  });
}

// The patches of all windows of an image.
const float* gather_windows(const Block& c, const WindowPatch& patch, const float* image,
                            int worker) {
  float* patches = scratch(worker, kScratchTile, static_cast<size_t>(c.windows()) * patch.size);
  for (int w = 0; w < c.windows(); ++w) {
    const float* from = image + c.window_offset(w);
    float* to = patches + static_cast<size_t>(w) * patch.size;
    for (int row = 0; row < patch.rows; ++row) {
      copy_row(from + static_cast<size_t>(row) * c.extentW * c.inC, to + row * patch.rowLength,
               patch.rowLength);
    }
    for (int i = patch.rows * patch.rowLength; i < patch.size; ++i) to[i] = 0.0f;
  }
  return patches;
}

}  // namespace

void conv2d_relu_pool_backprop_filter(const float* x, const float* dy, const uint8_t* argmax,
                                      float* dw, float* dbias, const int32_t* geometry,
                                      int32_t pool) {
  const Block c(geometry, pool);
  const WindowPatch patch(c, pool);
  // With short vectors the four masked products cost more than the one in memory.
  const bool gray = kWidth >= 8 && is_gray(c);
  const size_t filterSize = gray      ? static_cast<size_t>(9) * c.columns
                            : c.small ? patch.table_size(c)
                                      : SparsePatch(c).size * c.outC;
  const size_t size = filterSize + c.outC;  // and the bias
  const int groups = group_count(c);
  float* sums = scratch(0, kScratchPartial, groups * size);
  const WinnerOffsets offsets(c);
  for_groups(
      c, [&](int g) { set_zero(sums + g * size, size); },
      [&](int g, int n, int worker) {
        float* sum = sums + g * size;
        const float* d = dy + n * c.pooled_size();
        const uint8_t* winners = argmax + n * c.pooled_size();
        add_bias_gradient(c, d, winners, sum + filterSize);
        if (!c.small) {
          add_filter_gradient(c, x + n * c.image_size(), d, winners, offsets, sum, worker);
          return;
        }
        const float* image = padded_image(c, x + n * c.image_size(), worker);
        if (gray) return add_gray_filter_gradient(c, image, d, winners, sum);
        const float* patches = gather_windows(c, patch, image, worker);
        float* starts[256];
        list_row_starts(c, patch, sum, starts);
        for (int w = 0; w < c.windows(); ++w) {
          add_window_products(c, patch, patches + static_cast<size_t>(w) * patch.size,
                              d + static_cast<size_t>(w) * c.outC,
                              winners + static_cast<size_t>(w) * c.outC, starts);
        }
      });
  if (dbias != nullptr) {
    for (int oc = 0; oc < c.outC; ++oc) {
      float sum = 0.0f;
      for (int g = 0; g < groups; ++g) sum += sums[g * size + filterSize + oc];
      dbias[oc] = sum;
    }
  }
  if (gray) return store_gray_filter_gradient(c, sums, groups, size, dw);
  if (!c.small) return store_filter_gradient(c, sums, groups, size, dw);
  set_zero(dw, static_cast<size_t>(c.depth) * c.outC);
  patch.for_values(c, pool, [&](int index, int value, int position) {
    for (int oc = 0; oc < c.outC; ++oc) {
      const float* from = sums + (static_cast<size_t>(index) * c.outC + oc) * patch.size + position;
      float sum = 0.0f;
      for (int g = 0; g < groups; ++g) sum += from[g * size];
      dw[static_cast<size_t>(value) * c.outC + oc] += sum;
    }
  });
}

// ---- Input gradient ----------------------------------------------------------------------------

namespace {

// The non-zeros of one image, pixel by pixel of each window: each index in a window has a bin
// of outC entries, and values without a gradient share one more. Returns the number of pixels with
// any.
int list_pixels(const Block& c, const float* dy, const uint8_t* argmax, size_t rowSize,
                PixelList* pixels, Entry* entries) {
  const int windowSize = c.pool * c.pool, channels = c.outC;
  uint8_t bins[256];
  for (int index = 0; index < 256; ++index) {
    bins[index] = static_cast<uint8_t>(min_of(index, windowSize));
  }
  int pixel = 0;
  for (int w = 0; w < c.windows(); ++w) {
    Entry* ends[256];
    const int first = w * windowSize * channels;
    for (int index = 0; index <= windowSize; ++index) {
      ends[index] = entries + first + index * channels;
    }
    int32_t row = 0;
    for (int oc = 0; oc < channels; ++oc, row += static_cast<int32_t>(rowSize)) {
      *ends[bins[argmax[oc]]]++ = {row, dy[oc]};
    }
    for (int index = 0; index < windowSize; ++index) {
      const int start = first + index * channels, end = static_cast<int>(ends[index] - entries);
      pixels[pixel] = {c.window_offset(w) + c.pixel_offset(index / c.pool, index % c.pool), start,
                       end};
      pixel += end > start;
    }
    dy += channels;
    argmax += channels;
  }
  return pixel;
}

}  // namespace

void conv2d_relu_pool_backprop_input(const float* dy, const uint8_t* argmax, const float* w,
                                     float* dx, const int32_t* geometry, int32_t pool) {
  const Block c(geometry, pool);
  const WindowPatch patch(c, pool);
  const SparsePatch rowPatch(c);
  const float* filter =
      c.small ? pack_shifted_filter(c, patch, pool, w)
              : pack_filter_rows(c, w, scratch(0, kScratchPacked, rowPatch.size * c.outC));
  parallel_for(c.batch, [&](int n, int worker) {
    float* out = dx + n * c.image_size();
    const float* d = dy + n * c.pooled_size();
    const uint8_t* winners = argmax + n * c.pooled_size();
    float* image = gradient_image(c, out, !c.padded && (c.small || fits_vectors(c, out)), worker);
    if (c.small) {
      const float* starts[256];
      list_row_starts(c, patch, filter, starts);
      float* patches = scratch(worker, kScratchTile, static_cast<size_t>(c.windows()) * patch.size);
      for (int i = 0; i < c.windows(); ++i) {
        window_gradient(c, patch, starts, d + static_cast<size_t>(i) * c.outC,
                        winners + static_cast<size_t>(i) * c.outC,
                        patches + static_cast<size_t>(i) * patch.size);
      }
      for (int i = 0; i < c.windows(); ++i) {
        float* to = image + c.window_offset(i);
        for (int row = 0; row < patch.rows; ++row) {
          add_row(patches + static_cast<size_t>(i) * patch.size + row * patch.rowLength,
                  to + static_cast<size_t>(row) * c.extentW * c.inC, patch.rowLength);
        }
      }
    } else {
      Entry* entries =
          reinterpret_cast<Entry*>(scratch(worker, kScratchList, 2 * (c.output_size() + c.outC)));
      PixelList* pixels = reinterpret_cast<PixelList*>(
          scratch(worker, kScratchOutput, static_cast<size_t>(c.outH) * c.outW * 4 + 4));
      const int count = list_pixels(c, d, winners, rowPatch.size, pixels, entries);
      add_input_gradient(c, filter, pixels, count, entries, image);
    }
    store_gradient(c, image, out);
  });
}

}  // namespace KERNEL_ISA

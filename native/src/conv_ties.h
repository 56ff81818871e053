// Areas of one color, before a max-pool.
//
// A pool's gradient goes to the first of its largest values, and ReLU stops it at 0. Where an image
// is of one color all values of a window are equal, and where it is black they are the bias.
// Computed directly that is so to the last bit, but Winograd's tiles round each output by its place
// in the tile: chance would pick the winner, or let a gradient through. Input gradients of images
// with black areas were other ones than those of every framework, and weights that see only black
// changed with Adam's full step. So outputs that depend on black pixels alone get the bias, and
// those of a window that depend on the same inputs get the value of the first of them.
#pragma once
#include "conv_block.h"
#include "gemm.h"

namespace KERNEL_ISA {
namespace {

// Of a pixel, or of all pixels that an output depends on.
enum : uint8_t {
  kBlack = 1,
  kLikeRight = 2,
  kLikeBelowLeft = 4,
  kLikeBelow = 8,
  kLikeBelowRight = 16
};

// Where the values of a window's four outputs come from: the index of one of them, or the bias.
struct Ties {
  uint8_t from[4];
};
constexpr uint8_t kFromBias = 4;

inline bool same_pixels(const float* a, const float* b, int channels) {
  if (a[0] != b[0]) return false;
  IntVec different = {};
  for (int c = 0; c < channels; c += kWidth) {
    different |= as_int(load(a + c)) ^ as_int(load(b + c));
  }
  return !any_lane(different);
}

inline bool is_black(const float* pixel, int channels) {
  if (pixel[0] != 0.0f) return false;
  IntVec bits = {};
  for (int c = 0; c < channels; c += kWidth) bits |= as_int(load(pixel + c));
  return !any_lane(bits);
}

// The ties of a window of 2x2 outputs of 3x3 kernels, which depend on the 4x4 pixels from `at` on.
inline Ties ties_of(const uint8_t* at, int width) {
  Ties ties = {{0, 1, 2, 3}};
  if (at[width + 1] == 0) return ties;  // all four outputs depend on it
  uint8_t left[4], right[4];
  for (int i = 0; i < 4; ++i, at += width) {
    left[i] = at[0] & at[1] & at[2];
    right[i] = at[1] & at[2] & at[3];
  }
  const uint8_t first = left[0] & left[1] & left[2], second = right[0] & right[1] & right[2];
  const uint8_t third = left[1] & left[2] & left[3], fourth = right[1] & right[2] & right[3];
  if (third & kLikeRight) ties.from[3] = 2;
  if (second & kLikeBelow) ties.from[3] = 1;
  if (second & kLikeBelowLeft) ties.from[2] = 1;
  if (first & kLikeBelowRight) ties.from[3] = 0;
  if (first & kLikeBelow) ties.from[2] = 0;
  if (first & kLikeRight) ties.from[1] = 0;
  if (first & kBlack) ties.from[0] = kFromBias;
  if (second & kBlack) ties.from[1] = kFromBias;
  if (third & kBlack) ties.from[2] = kFromBias;
  if (fourth & kBlack) ties.from[3] = kFromBias;
  return ties;
}

// The ties in rows first <= ph < first + rowCount of the pooled outputs of one (padded) image.
// `pixels` has room for the pixels that they depend on.
inline void find_ties(const Block& c, const float* image, int first, int rowCount, uint8_t* pixels,
                      Ties* ties) {
  const int height = 2 * rowCount + 2, width = 2 * c.pooledW + 2;
  const size_t pitch = static_cast<size_t>(c.extentW) * c.inC;
  const float* row = image + 2 * first * pitch;
  for (int i = 0; i < height; ++i, row += pitch) {
    for (int j = 0; j < width; ++j) {
      const float *pixel = row + j * c.inC, *below = pixel + pitch;
      const auto is_like = [&](const float* other) { return same_pixels(pixel, other, c.inC); };
      const bool hasLeft = j > 0, hasRight = j + 1 < width, hasBelow = i + 1 < height;
      uint8_t is = is_black(pixel, c.inC) ? kBlack : 0;
      if (hasRight && is_like(pixel + c.inC)) is |= kLikeRight;
      if (hasBelow && hasLeft && is_like(below - c.inC)) is |= kLikeBelowLeft;
      if (hasBelow && is_like(below)) is |= kLikeBelow;
      if (hasBelow && hasRight && is_like(below + c.inC)) is |= kLikeBelowRight;
      pixels[i * width + j] = is;
    }
  }
  for (int i = 0; i < rowCount; ++i) {
    for (int j = 0; j < c.pooledW; ++j) {
      ties[i * c.pooledW + j] = ties_of(pixels + 2 * i * width + 2 * j, width);
    }
  }
}

// Sets what is tied in a row of windows of one panel, `rows` [2][outW][kNR] with the bias.
inline void level_ties(const Block& c, const Ties* ties, const float* bias, float* rows) {
  for (int pw = 0; pw < c.pooledW; ++pw) {
    float* top = rows + 2 * pw * kNR;
    float* bottom = top + static_cast<size_t>(c.outW) * kNR;
    float* outputs[] = {top, top + kNR, bottom, bottom + kNR};
    for (int k = 0; k < 4; ++k) {
      const int from = ties[pw].from[k];
      if (from == k) continue;
      __builtin_memcpy(outputs[k], from == kFromBias ? bias : outputs[from], kNR * sizeof(float));
    }
  }
}

}  // namespace
}  // namespace KERNEL_ISA

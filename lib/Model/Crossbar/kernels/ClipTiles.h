// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ClipTiles.h - Column sums by table look-up ---------------*- C++ -*-===//
//
// Column sums of small digits and levels by table look-up: a nibble holds the
// digits of a few rows, a table of 16 bytes gives the sum of these rows' cells
// for each nibble, and byte shuffles look up one nibble per lane.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_KERNELS_CLIPTILES_H
#define PUMICE_LIB_MODEL_CROSSBAR_KERNELS_CLIPTILES_H

#include <cstdint>

namespace pumice::model {

struct ClipTiles {
  static constexpr int64_t tableSize = 16;
  static constexpr int64_t maxLanes = 64;
  static constexpr int64_t maxDigits = 4;
  /// Column sums are signed 16-bit numbers.
  static constexpr int64_t maxSum = 32767;

  const char *name;
  int64_t lanes; ///< input vectors that are processed at once

  /// For each of `lanes` input vectors, forms the column sums of `digits` <=
  /// maxDigits reads: [digits][lanes].
  ///   tables   [nibbles][16]
  ///   indices  [digits][nibbles][lanes], each below 16
  ///   perChunk nibbles whose table entries cannot exceed 255 in total
  void (*sums)(int64_t nibbles, int64_t perChunk, const uint8_t *tables,
               const uint8_t *indices, int64_t digits, int32_t *sums);

  /// Forms the same sums and adds sum_d weights[d] * max(0, sum_d -
  /// saturation), shifted left by `shift`, to `excess`, modulo 2^32.
  ///   weights  |weights[d]| <= 2^12
  /// Returns false if no sum exceeded the saturation (`excess` is unchanged).
  bool (*excess)(int64_t nibbles, int64_t perChunk, const uint8_t *tables,
                 const uint8_t *indices, int64_t digits, int64_t saturation,
                 const int16_t *weights, int64_t shift, int32_t *excess);

  /// Null if the machine or the compiler lacks the instructions.
  static const ClipTiles *avx2();
  static const ClipTiles *avx512();
  /// The fastest set that the machine supports; null if there is none.
  static const ClipTiles *best();
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_KERNELS_CLIPTILES_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- WordTiles.h - Column sums of 16-bit cells by look-up -----*- C++ -*-===//
//
// Like ClipTiles, for cells and sums of 16 bits: an index holds the digits of
// the rows of one step, and a table of 16-bit numbers gives the sum of their
// cells for each index.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_KERNELS_WORDTILES_H
#define PUMICE_LIB_MODEL_CROSSBAR_KERNELS_WORDTILES_H

#include <cstdint>

namespace pumice::model {

struct WordTiles {
  static constexpr int64_t maxLanes = 64;
  static constexpr int64_t maxDigits = 4;
  /// Largest difference between two sums.
  static constexpr int64_t maxSpan = 65535;

  const char *name;
  int64_t lanes;     ///< input vectors that are processed at once
  int64_t indexBits; ///< a table has 2^indexBits entries
  /// An index is stored as index * factor + addend.
  uint16_t factor, addend;

  int64_t rowsPerStep(int64_t dacBits) const { return indexBits / dacBits; }

  /// Writes the tables of a column of cells, [steps][2^indexBits], modulo 2^16.
  void (*expand)(const int16_t *cells, int64_t rows, int64_t dacBits,
                 uint16_t *tables);

  /// For each of `lanes` input vectors, forms the column sums of `digits` <=
  /// maxDigits reads, [digits][lanes]. No sum is below `least`, nor above
  /// `least` + maxSpan.
  ///   indices [digits][steps][lanes], as stored
  void (*sums)(int64_t steps, const uint16_t *tables, const uint16_t *indices,
               int64_t digits, int32_t least, int32_t *sums);

  /// Null if the machine or the compiler lacks the instructions.
  static const WordTiles *avx2();
  static const WordTiles *avx512();
  /// The fastest set that the machine supports; null if there is none.
  static const WordTiles *best();
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_KERNELS_WORDTILES_H

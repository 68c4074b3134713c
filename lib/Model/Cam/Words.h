// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Words.h - Words of cells, packed -------------------------*- C++ -*-===//
//
// Words of 0, 1 and 2 ("don't care") as two bits per cell, 64 cells to a
// number, so that a distance is exclusive or, and, and population count.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CAM_WORDS_H
#define PUMICE_LIB_MODEL_CAM_WORDS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <vector>

namespace pumice::model {

/// Rows are in blocks of `rowsPerBlock`; the numbers of a block are
/// interleaved: number w of row r is at [(r / rowsPerBlock * numbers + w) *
/// rowsPerBlock + r % rowsPerBlock].
class PackedWords {
public:
  static constexpr int64_t rowsPerBlock = 8;

  /// Packs `entries`, [rows, bits]. Fails on other entries than 0, 1 and 2.
  static llvm::Expected<PackedWords> pack(llvm::ArrayRef<int8_t> entries,
                                          int64_t rows, int64_t bits);

  int64_t rows() const { return numRows; }
  int64_t bits() const { return numBits; }
  /// Numbers of a word.
  int64_t numbers() const { return numNumbers; }
  int64_t blocks() const { return (numRows + rowsPerBlock - 1) / rowsPerBlock; }
  /// Whether some entry is 2.
  bool hasDontCare() const { return !care.empty(); }

  const uint64_t *valuesOf(int64_t block) const {
    return values.data() + block * numNumbers * rowsPerBlock;
  }
  /// Bits that are compared; only if some entry is 2.
  const uint64_t *careOf(int64_t block) const {
    return care.data() + block * numNumbers * rowsPerBlock;
  }

private:
  int64_t numRows = 0, numBits = 0, numNumbers = 0;
  std::vector<uint64_t> values, care;
};

/// A query: its bits, and those that are not masked.
struct PackedQuery {
  std::vector<uint64_t> values, mask;
  int64_t keyBits = 0;
  bool isMasked = false;
};
/// Fails on other entries than 0, 1 and 2.
llvm::Expected<PackedQuery> packQuery(llvm::ArrayRef<int8_t> entries);

/// Distances between a query and the words of a table: `out` has an element for
/// each row of all blocks.
using DistanceLoop = void (*)(const PackedWords &words,
                              const PackedQuery &query, int32_t *out);

/// The loops that this machine can run, the fastest last; all give the same
/// results.
llvm::ArrayRef<DistanceLoop> distanceLoops();

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CAM_WORDS_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ArrayContents.h - Contents of arrays that are rewritten --*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_ARRAYCONTENTS_H
#define PUMICE_LIB_MODEL_CROSSBAR_ARRAYCONTENTS_H

#include "lib/Model/Crossbar/kernels/Kernels.h"
#include "lib/Model/Machine/Costs.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace pumice::model {

/// Levels of the cells of some arrays. All start erased: at the lowest level.
class ArrayContents {
public:
  explicit ArrayContents(const ArraySpec &array) : array(array) {}

  /// Writes `replicas` copies of a matrix, one after the other, to `arrays`.
  /// Cells that hold no part of a weight keep their level. With `tiles`, writes
  /// only these, to as many arrays for each copy, in their order.
  ChangedCells write(const MatrixSpec &matrix, const Tiling &tiling,
                     const WeightReader &weights,
                     llvm::ArrayRef<ArrayRange> arrays, int64_t replicas,
                     std::optional<TileRange> tiles = std::nullopt,
                     unsigned threads = 1);

  /// Levels of an array, by column and row, for a caller that writes them. What
  /// was not known counts as erased.
  llvm::MutableArrayRef<uint8_t> levelsOf(int64_t number);

  /// Something that is not known is written to `arrays`.
  void forget(llvm::ArrayRef<ArrayRange> arrays);

private:
  struct Cells {
    std::vector<uint8_t> levels;  ///< [column][row]
    std::vector<uint8_t> unknown; ///< the same; empty: all are known
  };
  Cells &cellsOf(int64_t number);

  ArraySpec array;
  std::map<int64_t, Cells> contents; ///< by number of the array
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_ARRAYCONTENTS_H

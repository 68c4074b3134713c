// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ArrayContents.h - Contents of arrays that are rewritten --*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_ARRAYCONTENTS_H
#define PUMICE_LIB_MODEL_CROSSBAR_ARRAYCONTENTS_H

#include "lib/Model/Crossbar/kernels/Kernels.h"
#include "lib/Model/Machine/Costs.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <map>
#include <vector>

namespace pumice::model {

/// Levels of the cells of some arrays. All start erased: at the lowest level.
class ArrayContents {
public:
  explicit ArrayContents(const ArraySpec &array) : array(array) {}

  /// Writes `replicas` copies of a matrix, one after the other, to `arrays`.
  /// Cells that hold no part of a weight keep their level. Returns the number
  /// of cells whose level changes.
  int64_t write(const MatrixSpec &matrix, const Tiling &tiling,
                const WeightReader &weights, llvm::ArrayRef<ArrayRange> arrays,
                int64_t replicas);

private:
  ArraySpec array;
  /// By number of the array: [column][row].
  std::map<int64_t, std::vector<uint8_t>> levels;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_ARRAYCONTENTS_H

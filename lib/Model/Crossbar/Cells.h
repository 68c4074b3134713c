// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Cells.h - Conductances of the cells of an array ----------*- C++ -*-===//
//
// The positions of weights on arrays and the conductances of their cells,
// including every effect that does not change between reads (docs/numerics.md,
// "Cells that are not ideal").
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_CELLS_H
#define PUMICE_LIB_MODEL_CROSSBAR_CELLS_H

#include "lib/Model/Crossbar/Tiling.h"
#include "lib/Model/Crossbar/kernels/Kernels.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include <cstdint>
#include <vector>

namespace pumice::model {

/// A cell of a programmed matrix: array of [0, tiling.arrays), wordline,
/// bitline.
struct CellPlace {
  int64_t array, row, column;
};

/// The place of the cells that hold slice `slice` of output column `column` of
/// `group` in tile `rowTile`. They are in one column of one array; the result
/// is the place of the first row. With differential encoding the slices of the
/// positive part come before those of the negative.
CellPlace placeOf(const ArraySpec &array, const MatrixSpec &matrix,
                  const Tiling &tiling, int64_t group, int64_t rowTile,
                  int64_t column, int64_t slice);

/// Conductances are multiples of 2^-conductanceBits, in units in which
/// neighbouring levels of an ideal cell differ by 1.
constexpr int conductanceBits = 7;

/// All cells of one array, [array.rows][array.columns].
struct ArrayCells {
  std::vector<int32_t> conductances; ///< in steps of 2^-conductanceBits
  /// Variance of what each cell conducts from one read to the next, in squared
  /// steps; empty without such noise.
  std::vector<float> variances;
};

/// The cells of array `number`. They depend only on the specs, the weights and
/// `number`. Without `array.analog`, cells are ideal.
ArrayCells arrayCells(const ArraySpec &array, const MatrixSpec &matrix,
                      const Tiling &tiling, const WeightReader &weights,
                      int64_t number);

/// Their conductances.
std::vector<int32_t> cellConductances(const ArraySpec &array,
                                      const MatrixSpec &matrix,
                                      const Tiling &tiling,
                                      const WeightReader &weights,
                                      int64_t number);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_CELLS_H

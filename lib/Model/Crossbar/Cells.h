// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Cells.h - What the cells of an array conduct -------------*- C++ -*-===//
//
// Where weights are on the arrays, and the conductances of the cells there,
// with every effect that does not change between reads (docs/numerics.md,
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

/// The cells that hold slice `slice` of output column `column` of `group` in
/// tile `rowTile`: they are in one column of one array; the place is that of
/// the first row. With differential encoding the slices of the positive part
/// come before those of the negative.
CellPlace placeOf(const ArraySpec &array, const MatrixSpec &matrix,
                  const Tiling &tiling, int64_t group, int64_t rowTile,
                  int64_t column, int64_t slice);

/// Conductances are multiples of 2^-conductanceBits, in units in which
/// neighbouring levels of an ideal cell differ by 1.
constexpr int conductanceBits = 7;

/// Conductances of all cells of array `number`, [array.rows][array.columns], in
/// steps of 2^-conductanceBits. They depend on the numbers of the specs, the
/// weights and `number` only. `array.analog` may be none: ideal cells.
std::vector<int32_t> cellConductances(const ArraySpec &array,
                                      const MatrixSpec &matrix,
                                      const Tiling &tiling,
                                      const WeightReader &weights,
                                      int64_t number);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_CELLS_H

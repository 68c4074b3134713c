// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TableConverters.h - Converters with measured codes -------*- C++ -*-===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_KERNELS_TABLECONVERTERS_H
#define PUMICE_LIB_MODEL_CROSSBAR_KERNELS_TABLECONVERTERS_H

#include "lib/Model/Crossbar/Tiling.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include <cstdint>
#include <vector>

namespace pumice::model {

/// The converters of an array with measured output codes. Sums are in
/// conductance steps, `unit` of them a level; a result is what the output code
/// stands for, in steps of 2^-tableBits levels.
class TableConverters {
public:
  TableConverters() = default;
  TableConverters(const ArraySpec &array, const MatrixSpec &matrix,
                  int64_t unit);

  /// Whether the array has such converters.
  bool any() const { return !converters.empty(); }
  /// The number of the codes that the converter of a column of an array has.
  int64_t codesOf(const ArraySpec &array, int64_t column) const {
    return any() ? column / array.columnsPerAdc % int64_t(converters.size())
                 : 0;
  }
  int64_t convert(int64_t codes, int64_t sum) const;
  int64_t convertNoisy(int64_t codes, double sum) const;

private:
  struct Codes {
    std::vector<double> thresholds; ///< in steps of sums
    std::vector<int64_t> least;     ///< the least integers that reach them
    std::vector<int64_t> values;
  };
  std::vector<Codes> converters;
};

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_KERNELS_TABLECONVERTERS_H

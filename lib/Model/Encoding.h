// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Encoding.h - Codes, cells, digits and conversions --------*- C++ -*-===//
//
// How numbers are put on the arrays: weights offset to be non-negative and cut
// into cells, inputs cut into digits, column sums converted.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_ENCODING_H
#define PUMICE_LIB_MODEL_ENCODING_H

#include "lib/Model/DeviceSpec.h"
#include "lib/Model/Tiling.h"

#include "llvm/ADT/ArrayRef.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace pumice::model {

/// What is added to a weight so that every cell level is non-negative.
inline int64_t weightOffset(const MatrixSpec &matrix) {
  return int64_t(1) << (matrix.weightBits - 1);
}

/// Cells that hold the magnitude of one weight.
inline int64_t cellsPerPart(const ArraySpec &array, const MatrixSpec &matrix) {
  return matrix.weightBits / array.cellBits;
}

/// Highest level of a cell.
inline int64_t highestLevel(const ArraySpec &array) {
  return (int64_t(1) << array.cellBits) - 1;
}

/// Level of the cell that holds slice `slice` (0: least significant; with
/// differential encoding the slices of the negative part follow), before
/// columns are inverted.
inline int64_t cellLevel(const ArraySpec &array, const MatrixSpec &matrix,
                         int64_t weight, int64_t slice) {
  int64_t stored = weight + weightOffset(matrix);
  if (array.encoding == WeightEncoding::differential) {
    const int64_t perPart = cellsPerPart(array, matrix);
    stored = std::max<int64_t>(slice < perPart ? weight : -weight, 0);
    slice %= perPart;
  }
  return stored >> (slice * array.cellBits) & highestLevel(array);
}

/// Levels of the cells of one column that hold slice `slice` of `weights` (all
/// of one output in one tile). Returns true if the column is stored inverted.
inline bool columnLevels(const ArraySpec &array, const MatrixSpec &matrix,
                         llvm::ArrayRef<int32_t> weights, int64_t slice,
                         llvm::MutableArrayRef<uint8_t> levels) {
  int64_t sum = 0;
  for (size_t i = 0; i < weights.size(); ++i)
    sum += levels[i] = cellLevel(array, matrix, weights[i], slice);
  const int64_t highest = highestLevel(array);
  if (array.encoding != WeightEncoding::offsetFlip ||
      2 * sum <= highest * int64_t(weights.size()))
    return false;
  for (uint8_t &level : levels.take_front(weights.size()))
    level = highest - level;
  return true;
}

/// The part of an input that one read applies to the wordlines.
struct InputDigit {
  int64_t shift;
  int64_t mask;  ///< largest digit
  bool negative; ///< the sign bit
  int64_t of(int64_t x) const { return x >> shift & mask; }
};

/// The reads of one input vector, least significant digit first.
inline std::vector<InputDigit> inputDigits(const ArraySpec &array,
                                           const MatrixSpec &matrix) {
  std::vector<InputDigit> digits;
  const int64_t magnitudeBits = matrix.inputBits - (matrix.inputSigned ? 1 : 0);
  for (int64_t shift = 0; shift < magnitudeBits; shift += array.dacBits) {
    int64_t bits = std::min(array.dacBits, magnitudeBits - shift);
    digits.push_back({shift, (int64_t(1) << bits) - 1, false});
  }
  if (matrix.inputSigned)
    digits.push_back({magnitudeBits, 1, true});
  return digits;
}

/// Largest value that a conversion returns.
inline int64_t saturation(const ArraySpec &array) {
  if (array.adcMode == AdcMode::lossless || array.adcBits >= 63)
    return std::numeric_limits<int64_t>::max();
  return (int64_t(1) << array.adcBits) - 1;
}

/// What the converter makes of an ideal column sum.
inline int64_t convert(const ArraySpec &array, int64_t current) {
  return std::min(current, saturation(array));
}

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_ENCODING_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Encoding.h - Weights as cells, inputs as digits ----------*- C++ -*-===//
//
// The mapping of numbers to arrays: weights are cut into cells, inputs into
// digits, and rows into the segments that are read together.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CROSSBAR_ENCODING_H
#define PUMICE_LIB_MODEL_CROSSBAR_ENCODING_H

#include "lib/Model/Crossbar/Tiling.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace pumice::model {

/// The number that `offset` and `offset_flip` add to a weight to make it
/// non-negative.
inline int64_t weightOffset(const MatrixSpec &matrix) {
  return int64_t(1) << (matrix.weightBits - 1);
}

/// Cells that hold the magnitude of one weight.
inline int64_t cellsPerPart(const ArraySpec &array, const MatrixSpec &matrix) {
  return llvm::divideCeil(matrix.weightBits, array.cellBits);
}

/// Highest level of a cell.
inline int64_t highestLevel(const ArraySpec &array) {
  return (int64_t(1) << array.cellBits) - 1;
}

/// Levels of the cells of one column that hold slice `slice` of `weights` (all
/// of one output in one tile); 0 is the least significant slice, and with
/// differential encoding the slices of the negative part follow. Returns true
/// if the column is stored inverted.
inline bool columnLevels(const ArraySpec &array, const MatrixSpec &matrix,
                         llvm::ArrayRef<int32_t> weights, int64_t slice,
                         llvm::MutableArrayRef<uint8_t> levels) {
  const int64_t highest = highestLevel(array);
  const bool differential = array.encoding == WeightEncoding::differential;
  const int64_t perPart = cellsPerPart(array, matrix);
  const auto mask = static_cast<uint32_t>(highest);
  const auto shift = static_cast<uint32_t>(
      (differential ? slice % perPart : slice) * array.cellBits);
  const auto offset = static_cast<uint32_t>(weightOffset(matrix));
  const size_t count = weights.size();
  const int32_t *of = weights.data();
  uint8_t *out = levels.take_front(count).data();
  if (!differential)
    for (size_t i = 0; i < count; ++i)
      out[i] = (uint32_t(of[i]) + offset) >> shift & mask;
  else if (slice < perPart)
    for (size_t i = 0; i < count; ++i)
      out[i] = uint32_t(std::max(of[i], 0)) >> shift & mask;
  else
    for (size_t i = 0; i < count; ++i)
      out[i] = (0 - uint32_t(std::min(of[i], 0))) >> shift & mask;
  if (array.encoding != WeightEncoding::offsetFlip)
    return false;
  int64_t sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += out[i];
  if (2 * sum <= highest * int64_t(count))
    return false;
  for (size_t i = 0; i < count; ++i)
    out[i] = mask - out[i];
  return true;
}

/// The left shift of conversions of slice `slice`.
inline int64_t sliceShift(const ArraySpec &array, const MatrixSpec &matrix,
                          int64_t slice) {
  return slice % cellsPerPart(array, matrix) * array.cellBits;
}

/// True if conversions of slice `slice` are subtracted (the negative part),
/// before columns are inverted.
inline bool isNegativePart(const ArraySpec &array, const MatrixSpec &matrix,
                           int64_t slice) {
  return slice >= cellsPerPart(array, matrix);
}

/// The factor on the exact sum of inputs that the encoding subtracts from the
/// conversions of a result.
inline int64_t encodingOffset(const ArraySpec &array,
                              const MatrixSpec &matrix) {
  return array.encoding == WeightEncoding::differential ? 0
                                                        : weightOffset(matrix);
}

/// Rows of a group that one read drives together.
struct Segment {
  int64_t tile;
  int64_t first; ///< row of the group
  int64_t rows;
};

/// The segments of one group, in order.
inline std::vector<Segment> segmentsOf(const ArraySpec &array,
                                       const MatrixSpec &matrix) {
  std::vector<Segment> segments;
  const int64_t step = rowsPerRead(array);
  for (int64_t tile = 0; tile * array.rows < matrix.rows; ++tile) {
    const int64_t end = std::min((tile + 1) * array.rows, matrix.rows);
    for (int64_t k = tile * array.rows; k < end; k += step)
      segments.push_back({tile, k, std::min(step, end - k)});
  }
  return segments;
}

/// The part of an input that one read applies to the wordlines.
struct InputDigit {
  int64_t shift;
  int64_t mask;  ///< largest digit
  bool negative; ///< the sign bit
  int64_t of(int64_t x) const { return x >> shift & mask; }
  /// The digit's part of the input is this times the digit.
  int64_t weight() const { return (negative ? -1 : 1) * (int64_t(1) << shift); }
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

/// The conversion of column sums v, in levels, to output codes: round(v *
/// numerator / denominator), half to even, within [low, high]. A code stands
/// for denominator / numerator levels. With measured output codes, that is the
/// scale of what they stand for (TableConverters).
struct Converter {
  int64_t numerator = 1;
  int64_t denominator = 1;
  int64_t low;
  int64_t high;
};

/// Sums of measured output codes are in steps of 2^-tableBits levels.
constexpr int tableBits = 7;

/// Whether the converters have measured output codes.
inline bool hasAdcTable(const ArraySpec &array) {
  return array.adcTable && (array.adcMode == AdcMode::fullScale ||
                            array.adcMode == AdcMode::calibrated);
}

/// What an output code that stands for a fraction `value` of the range means,
/// in steps.
inline int64_t tableValue(const ArraySpec &array, const MatrixSpec &matrix,
                          double value) {
  return std::llrint(
      std::ldexp(value * double(resolvedRange(array, matrix)), tableBits));
}

inline Converter converterOf(const ArraySpec &array, const MatrixSpec &matrix) {
  const int64_t range = fullScaleRange(array);
  if (array.adcMode == AdcMode::lossless)
    return {1, 1, -2 * range, 2 * range};
  if (hasAdcTable(array)) {
    double low = 0, high = 0;
    for (const AdcCodesSpec &codes : array.adcTable->converters) {
      low = std::min(low, codes.values.front());
      high = std::max(high, codes.values.back());
    }
    return {int64_t(1) << tableBits, 1, tableValue(array, matrix, low),
            tableValue(array, matrix, high)};
  }
  const int64_t codes = (int64_t(1) << array.adcBits) - 1;
  const int64_t resolved = resolvedRange(array, matrix);
  if (resolved <= codes)
    return {1, 1, 0, codes};
  return {codes, resolved, 0, codes};
}

/// True if cells may deviate from their ideal levels.
inline bool hasRealCells(const ArraySpec &array) {
  if (!array.analog)
    return false;
  const AnalogSpec &analog = *array.analog;
  return analog.cells || analog.programErrorAbsolute != 0 ||
         analog.programErrorRelative != 0 || analog.onOffRatio != 0 ||
         analog.nonlinearity != 0 || analog.stuckOn != 0 ||
         analog.stuckOff != 0 || analog.driftTimeS != 0 ||
         analog.wireResistanceOhm != 0;
}

inline double readNoise(const ArraySpec &array) {
  return array.analog ? array.analog->readNoise : 0;
}

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CROSSBAR_ENCODING_H

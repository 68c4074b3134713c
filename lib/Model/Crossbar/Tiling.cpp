// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/Tiling.h"

#include "lib/Model/Crossbar/Encoding.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace pumice::model;

static llvm::Error atLeastOne(llvm::StringRef field, int64_t value) {
  if (value >= 1)
    return llvm::Error::success();
  return llvm::createStringError("expected " + field + " of at least 1, got " +
                                 llvm::Twine(value));
}

static llvm::Error atMost(llvm::StringRef field, int64_t value,
                          llvm::StringRef limitName, int64_t limit) {
  if (value <= limit)
    return llvm::Error::success();
  return llvm::createStringError("expected " + field + " of at most " +
                                 llvm::Twine(limit) + " (" + limitName +
                                 " of the array), got " + llvm::Twine(value));
}

/// Checks that every number is positive and within the range of the kernels'
/// arithmetic.
static llvm::Error verify(const ArraySpec &array, const MatrixSpec &matrix) {
  struct Field {
    const char *name;
    int64_t value;
  };
  for (const Field &field :
       {Field{"rows", array.rows}, Field{"columns", array.columns},
        Field{"cell_bits", array.cellBits}, Field{"dac_bits", array.dacBits},
        Field{"adc bits", array.adcBits}, Field{"groups", matrix.groups},
        Field{"matrix rows", matrix.rows},
        Field{"matrix columns", matrix.columns},
        Field{"weight_bits", matrix.weightBits},
        Field{"input_bits", matrix.inputBits}})
    if (llvm::Error error = atLeastOne(field.name, field.value))
      return error;
  if (llvm::Error error =
          atMost("weight_bits", matrix.weightBits, "weight_bits",
                 std::min<int64_t>(array.weightBits, 32)))
    return error;
  if (llvm::Error error = atMost("input_bits", matrix.inputBits, "input_bits",
                                 std::min<int64_t>(array.inputBits, 32)))
    return error;
  const bool namesCells = array.analog && array.analog->cells &&
                          array.analog->cells->levels.empty();
  if (namesCells || (array.adcTable && array.adcTable->converters.empty()))
    return llvm::createStringError(
        "expected the rows of table '" +
        (namesCells ? array.analog->cells->file : array.adcTable->file) +
        "', got its name (reading a device file puts them in its place)");
  return llvm::Error::success();
}

llvm::Expected<Tiling> pumice::model::tile(const ArraySpec &array,
                                           const MatrixSpec &matrix) {
  if (llvm::Error error = verify(array, matrix))
    return error;
  Tiling tiling;
  tiling.slices = cellsPerPart(array, matrix);
  if (array.encoding == WeightEncoding::differential)
    tiling.slices *= 2;
  if (tiling.slices > array.columns)
    return llvm::createStringError(
        "expected columns of at least " + llvm::Twine(tiling.slices) +
        " (slices of one weight), got " + llvm::Twine(array.columns));
  tiling.weightsPerRow = array.columns / tiling.slices;
  tiling.rowTiles = llvm::divideCeil(matrix.rows, array.rows);
  tiling.columnTiles = llvm::divideCeil(matrix.columns, tiling.weightsPerRow);
  if (tiling.rowTiles == 1 && tiling.columnTiles == 1)
    tiling.groupsPerArray =
        std::min({array.rows / matrix.rows,
                  tiling.weightsPerRow / matrix.columns, matrix.groups});
  int64_t perGroup;
  if (llvm::MulOverflow(tiling.rowTiles, tiling.columnTiles, perGroup) ||
      llvm::MulOverflow<int64_t>(
          llvm::divideCeil(matrix.groups, tiling.groupsPerArray), perGroup,
          tiling.arrays))
    return llvm::createStringError(
        "expected fewer than 2^63 arrays, got more for " +
        llvm::Twine(matrix.groups) + " groups of " + llvm::Twine(matrix.rows) +
        " x " + llvm::Twine(matrix.columns));
  return tiling;
}

int64_t pumice::model::segmentsPerTile(const ArraySpec &array,
                                       const MatrixSpec &matrix) {
  return llvm::divideCeil(std::min(array.rows, matrix.rows),
                          rowsPerRead(array));
}

int64_t pumice::model::readsPerWindow(const ArraySpec &array,
                                      const MatrixSpec &matrix) {
  int64_t magnitudeBits = matrix.inputBits - (matrix.inputSigned ? 1 : 0);
  return llvm::divideCeil(magnitudeBits, array.dacBits) +
         (matrix.inputSigned ? 1 : 0);
}

int64_t pumice::model::fullScaleRange(const ArraySpec &array) {
  return rowsPerRead(array) * ((int64_t(1) << array.cellBits) - 1) *
         ((int64_t(1) << array.dacBits) - 1);
}

int64_t pumice::model::resolvedRange(const ArraySpec &array,
                                     const MatrixSpec &matrix) {
  if (array.adcMode == AdcMode::clip)
    return 0;
  if (array.adcMode == AdcMode::calibrated && matrix.adcRange > 0)
    return matrix.adcRange;
  return fullScaleRange(array);
}

namespace {
struct Range {
  int64_t low, high;
};
} // namespace

static Range codes(int64_t bits, bool isSigned) {
  if (isSigned)
    return {-(int64_t(1) << (bits - 1)), (int64_t(1) << (bits - 1)) - 1};
  return {0, (int64_t(1) << bits) - 1};
}

__extension__ using Wide = __int128;

namespace {
/// Bounds of a sum, built up from bounds of its terms.
struct Bounds {
  Wide low = 0, high = 0;
  void include(Wide value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  Bounds operator+(const Bounds &other) const {
    return {low + other.low, high + other.high};
  }
  Bounds operator*(int64_t factor) const {
    if (factor < 0)
      return {high * factor, low * factor};
    return {low * factor, high * factor};
  }
};
} // namespace

/// The contribution of one row to a result, without its conversions:
/// `coefficient` of the input, and the zero points.
static Wide restOfRow(Wide coefficient, Wide x, Wide w, int64_t inputZeroPoint,
                      int64_t weightZeroPoint) {
  return coefficient * x - weightZeroPoint * x - inputZeroPoint * w +
         Wide(inputZeroPoint) * weightZeroPoint;
}

/// The sum of the cells of one weight, all of them at the highest level.
static int64_t fullLevel(const ArraySpec &array, const MatrixSpec &matrix) {
  return (int64_t(1) << (cellsPerPart(array, matrix) * array.cellBits)) - 1;
}

/// Bounds of the contribution of one row to a result if no conversion returns
/// more than its sum. `clips`: they may return less.
static Bounds boundsOfRow(const ArraySpec &array, const MatrixSpec &matrix,
                          int64_t inputZeroPoint, int64_t weightZeroPoint,
                          bool clips) {
  // All is linear in each of w and the parts p and n of x = p - n, of which n
  // is the sign bit's: extremes are at corners.
  const Range weights = codes(matrix.weightBits, /*isSigned=*/true);
  const int64_t magnitude = codes(matrix.inputBits, matrix.inputSigned).high;
  const int64_t signPart = matrix.inputSigned ? magnitude + 1 : 0;
  const int64_t offset = encodingOffset(array, matrix);
  Bounds bounds;
  for (int64_t p : {int64_t(0), magnitude})
    for (int64_t n : {int64_t(0), signPart})
      for (int64_t w : {weights.low, int64_t(0), weights.high}) {
        const Wide x = Wide(p) - n;
        const Wide rest =
            restOfRow(-offset, x, w, inputZeroPoint, weightZeroPoint);
        bounds.include(x * (w + offset) + rest);
        if (!clips)
          continue;
        // The possible sums of columns that count positive and of those that
        // count negative.
        int64_t up = std::max<int64_t>(w + offset, 0);
        int64_t down = std::max<int64_t>(-(w + offset), 0);
        bounds.include(Wide(p) * up + Wide(n) * down + rest);
        bounds.include(-Wide(n) * up - Wide(p) * down + rest);
        if (array.encoding == WeightEncoding::offsetFlip) {
          // Inverted columns lose part of the amount that is subtracted from
          // the full level.
          const int64_t full = fullLevel(array, matrix);
          bounds.include(Wide(p) * full + rest);
          bounds.include(-Wide(n) * full + rest);
        }
      }
  return bounds;
}

/// Bounds of a result if conversions may return any code of their range.
static Bounds boundsOfCodes(const ArraySpec &array, const MatrixSpec &matrix,
                            int64_t inputZeroPoint, int64_t weightZeroPoint) {
  // In levels, a code is at most the resolved range: it is a whole number.
  const Converter converter = converterOf(array, matrix);
  const bool scales = converter.numerator != converter.denominator;
  Bounds conversion = {converter.low,
                       scales ? converter.denominator : converter.high};
  if (hasAdcTable(array)) // codes stand for steps of a level
    conversion = {-(-Wide(converter.low) >> tableBits) - 1,
                  (Wide(converter.high) >> tableBits) + 1};
  Bounds digits; // of one column and segment
  for (const InputDigit &digit : inputDigits(array, matrix))
    digits = digits + conversion * digit.weight();

  Bounds segment; // of one output
  const bool flips = array.encoding == WeightEncoding::offsetFlip;
  for (int64_t slice = 0; slice < cellsPerPart(array, matrix); ++slice) {
    Bounds column = digits * (int64_t(1) << sliceShift(array, matrix, slice));
    if (array.encoding == WeightEncoding::differential)
      column = column + column * -1;
    if (flips) {
      column.include(-column.high);
      column.include(-column.low);
    }
    segment = segment + column;
  }

  const Range weights = codes(matrix.weightBits, /*isSigned=*/true);
  const Range inputs = codes(matrix.inputBits, matrix.inputSigned);
  const int64_t offset = encodingOffset(array, matrix);
  Bounds row;
  // Inverted columns add the full level for every input.
  for (int64_t full : {int64_t(0), flips ? fullLevel(array, matrix) : 0})
    for (int64_t x : {inputs.low, inputs.high})
      for (int64_t w : {weights.low, weights.high})
        row.include(
            restOfRow(full - offset, x, w, inputZeroPoint, weightZeroPoint));
  const int64_t tail = matrix.rows % array.rows;
  const int64_t segments =
      matrix.rows / array.rows *
          llvm::divideCeil(array.rows, rowsPerRead(array)) +
      llvm::divideCeil(tail, rowsPerRead(array));
  return segment * segments + row * matrix.rows;
}

int64_t pumice::model::accumulatorBits(const ArraySpec &array,
                                       const MatrixSpec &matrix,
                                       int64_t inputZeroPoint,
                                       int64_t weightZeroPoint) {
  // Bounds of one row or segment are below 2^80: stay in 128 bits.
  if (matrix.rows > int64_t(1) << 40)
    return 65;
  const bool exactSums = !hasRealCells(array) && readNoise(array) == 0;
  const Converter converter = converterOf(array, matrix);
  const bool scales = converter.numerator != converter.denominator;
  const Bounds bounds =
      exactSums && !scales
          ? boundsOfRow(array, matrix, inputZeroPoint, weightZeroPoint,
                        array.adcMode != AdcMode::lossless) *
                matrix.rows
          : boundsOfCodes(array, matrix, inputZeroPoint, weightZeroPoint);
  for (int64_t bits = 1; bits <= 64; ++bits) {
    const Wide half = Wide(1) << (bits - 1);
    if (bounds.high < half && bounds.low >= -half)
      return bits;
  }
  return 65;
}

static llvm::Error verifyZeroPoint(llvm::StringRef field, int64_t value,
                                   Range range) {
  if (value >= range.low && value <= range.high)
    return llvm::Error::success();
  return llvm::createStringError(
      "expected " + field + " in [" + llvm::Twine(range.low) + ", " +
      llvm::Twine(range.high) + "], got " + llvm::Twine(value));
}

llvm::Error pumice::model::verifyAccumulator(const ArraySpec &array,
                                             const MatrixSpec &matrix,
                                             int64_t inputZeroPoint,
                                             int64_t weightZeroPoint,
                                             int64_t availableBits) {
  if (llvm::Error error =
          verifyZeroPoint("input zero point", inputZeroPoint,
                          codes(matrix.inputBits, matrix.inputSigned)))
    return error;
  if (llvm::Error error =
          verifyZeroPoint("weight zero point", weightZeroPoint,
                          codes(matrix.weightBits, /*isSigned=*/true)))
    return error;
  int64_t needed =
      accumulatorBits(array, matrix, inputZeroPoint, weightZeroPoint);
  if (needed <= availableBits)
    return llvm::Error::success();
  return llvm::createStringError(
      "expected accumulators of at least " +
      llvm::Twine(needed > 64 ? "65" : llvm::Twine(needed).str()) +
      " bits for " + llvm::Twine(matrix.rows) + " products of " +
      llvm::Twine(matrix.inputBits) + "-bit inputs and " +
      llvm::Twine(matrix.weightBits) + "-bit weights, got " +
      llvm::Twine(availableBits));
}

int64_t pumice::model::exactRows(const ArraySpec &array) {
  if (array.analog)
    return 0;
  if (array.adcMode == AdcMode::lossless)
    return array.rows;
  if (hasAdcTable(array))
    return 0;
  // A converter with enough output codes resolves every level.
  const int64_t row = ((int64_t(1) << array.cellBits) - 1) *
                      ((int64_t(1) << array.dacBits) - 1);
  const int64_t most = ((int64_t(1) << array.adcBits) - 1) / row;
  // Rows are read in steps; a full range has as many levels as one of them.
  const int64_t perRead = rowsPerRead(array);
  if (most >= perRead)
    return array.rows;
  return array.adcMode == AdcMode::clip ? most : 0;
}

llvm::Error pumice::model::verifyExactSums(const ArraySpec &array,
                                           int64_t rows) {
  const int64_t most = exactRows(array);
  if (rows <= most)
    return llvm::Error::success();
  if (array.analog)
    return llvm::createStringError(
        "expected ideal cells (no array.analog), which give exact sums, got "
        "analog ones");
  if (array.adcMode != AdcMode::clip)
    return llvm::createStringError(
        "expected array.adc.mode lossless or clip, which give exact sums, got "
        "a converter of %lld bits that scales sums of %lld rows at a time",
        (long long)array.adcBits, (long long)rowsPerRead(array));
  return llvm::createStringError(
      "expected converters that deliver exact sums of %lld rows, got "
      "array.adc.bits %lld, which deliver exact sums of %lld",
      (long long)rows, (long long)array.adcBits, (long long)most);
}

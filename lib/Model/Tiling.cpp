// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Tiling.h"

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

/// Every number positive and within what the kernels' arithmetic is for.
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
  if (matrix.weightBits % array.cellBits != 0)
    return llvm::createStringError(
        "expected weight_bits that cell_bits of the array divide, got "
        "weight_bits " +
        llvm::Twine(matrix.weightBits) + " and cell_bits " +
        llvm::Twine(array.cellBits));
  return llvm::Error::success();
}

llvm::Expected<Tiling> pumice::model::tile(const ArraySpec &array,
                                           const MatrixSpec &matrix) {
  if (llvm::Error error = verify(array, matrix))
    return error;
  Tiling tiling;
  tiling.slices = matrix.weightBits / array.cellBits;
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

int64_t pumice::model::readsPerWindow(const ArraySpec &array,
                                      const MatrixSpec &matrix) {
  int64_t magnitudeBits = matrix.inputBits - (matrix.inputSigned ? 1 : 0);
  return llvm::divideCeil(magnitudeBits, array.dacBits) +
         (matrix.inputSigned ? 1 : 0);
}

int64_t pumice::model::segmentsPerTile(const ArraySpec &array,
                                       const MatrixSpec &matrix) {
  return llvm::divideCeil(std::min(matrix.rows, array.rows),
                          array.rowsPerRead.value_or(array.rows));
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

int64_t pumice::model::accumulatorBits(const ArraySpec &array,
                                       const MatrixSpec &matrix,
                                       int64_t inputZeroPoint,
                                       int64_t weightZeroPoint) {
  // One row contributes P - offset*x - xzp*w - wzp*x + xzp*wzp, where P is what
  // the arrays make of x * (w + offset). That is linear in each of x, w, P, so
  // its extremes are at corners. Write x = p - n with the sign bit's part n.
  __extension__ typedef __int128 Wide;
  const Range weights = codes(matrix.weightBits, /*isSigned=*/true);
  const int64_t offset = -weights.low;
  const int64_t magnitude = matrix.inputSigned
                                ? codes(matrix.inputBits, true).high
                                : codes(matrix.inputBits, false).high;
  const int64_t signPart = matrix.inputSigned ? magnitude + 1 : 0;
  Wide low = 0, high = 0;
  for (int64_t p : {int64_t(0), magnitude})
    for (int64_t n : {int64_t(0), signPart})
      for (int64_t w : {weights.low, weights.high}) {
        const Wide x = Wide(p) - n;
        const Wide rest = -x * offset - Wide(inputZeroPoint) * w -
                          x * weightZeroPoint +
                          Wide(inputZeroPoint) * weightZeroPoint;
        const Wide exact = x * (w + offset);
        low = std::min(low, exact + rest);
        high = std::max(high, exact + rest);
        if (array.adcMode == AdcMode::lossless)
          continue;
        low = std::min(low, -Wide(n) * (w + offset) + rest);
        high = std::max(high, Wide(p) * (w + offset) + rest);
      }
  // 2^100 bounds |low| and |high|, and rows is below 2^63: stay in 128 bits by
  // testing against 2^63 / rows.
  for (int64_t bits = 1; bits <= 64; ++bits) {
    const Wide half = Wide(1) << (bits - 1);
    if (high <= (half - 1) / matrix.rows && low >= -(half / matrix.rows))
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

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar.h"

#include "lib/Model/Kernels.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace pumice::model;

/// Fails unless `value` holds `count` integers of at least `bits`.
static llvm::Error verifyTensor(llvm::StringRef what, const Value &value,
                                int64_t count, int64_t bits) {
  ElementType type = value.type();
  if (value.isEmpty())
    return llvm::createStringError("expected " + what + ", got an empty value");
  if (type != ElementType::i8 && type != ElementType::i16 &&
      type != ElementType::i32)
    return llvm::createStringError(
        "expected " + what + " of type i8, i16 or i32, got " + name(type));
  if (byteWidth(type) * 8 < bits)
    return llvm::createStringError("expected " + what + " of at least " +
                                   llvm::Twine(bits) + " bits, got " +
                                   name(type));
  if (value.numElements() != count)
    return llvm::createStringError("expected " + what + " of " +
                                   llvm::Twine(count) + " elements, got " +
                                   llvm::Twine(value.numElements()));
  return llvm::Error::success();
}

/// Fails unless every element, read as a T, lies in [low, high].
template <typename T>
static llvm::Error verifyCodes(llvm::StringRef what, llvm::ArrayRef<T> codes,
                               int64_t low, int64_t high) {
  if (low <= std::numeric_limits<T>::min() &&
      high >= std::numeric_limits<T>::max())
    return llvm::Error::success();
  // Branch-free, so that the common case runs at memory speed.
  bool good = true;
  for (T code : codes)
    good &= code >= low && code <= high;
  if (good)
    return llvm::Error::success();
  const T *bad = std::find_if(codes.begin(), codes.end(), [&](T code) {
    return code < low || code > high;
  });
  return llvm::createStringError(
      "expected " + what + " in [" + llvm::Twine(low) + ", " +
      llvm::Twine(high) + "], got " + llvm::Twine(int64_t(*bad)) +
      " at element " + llvm::Twine(bad - codes.begin()));
}

static llvm::Error verifyInputs(const Value &x, int64_t bits, bool isSigned) {
  int64_t low = isSigned ? -(int64_t(1) << (bits - 1)) : 0;
  int64_t high = (int64_t(1) << (isSigned ? bits - 1 : bits)) - 1;
  switch (x.type()) {
  case ElementType::i8:
    return isSigned ? verifyCodes("inputs", x.as<int8_t>(), low, high)
                    : verifyCodes("inputs", x.as<uint8_t>(), low, high);
  case ElementType::i16:
    return isSigned ? verifyCodes("inputs", x.as<int16_t>(), low, high)
                    : verifyCodes("inputs", x.as<uint16_t>(), low, high);
  default:
    return isSigned ? verifyCodes("inputs", x.as<int32_t>(), low, high)
                    : verifyCodes("inputs", x.as<uint32_t>(), low, high);
  }
}

/// Checks the weights and brings them to [groups * columns][rows].
template <typename T>
static llvm::Error arrange(const MatrixSpec &matrix, llvm::ArrayRef<T> weights,
                           WeightLayout layout, std::vector<int32_t> &columns) {
  int64_t half = int64_t(1) << (matrix.weightBits - 1);
  if (llvm::Error error = verifyCodes("weights", weights, -half, half - 1))
    return error;
  if (layout == WeightLayout::filters) {
    columns.assign(weights.begin(), weights.end());
    return llvm::Error::success();
  }
  columns.resize(weights.size());
  const int64_t K = matrix.rows, N = matrix.columns;
  constexpr int64_t block = 64; // transpose in blocks that fit in the cache
  for (int64_t g = 0; g < matrix.groups; ++g) {
    const T *from = weights.data() + g * K * N;
    int32_t *to = columns.data() + g * K * N;
    for (int64_t k0 = 0; k0 < K; k0 += block)
      for (int64_t n0 = 0; n0 < N; n0 += block)
        for (int64_t n = n0; n < std::min(n0 + block, N); ++n)
          for (int64_t k = k0; k < std::min(k0 + block, K); ++k)
            to[n * K + k] = from[k * N + n];
  }
  return llvm::Error::success();
}

llvm::Expected<Grid> Grid::program(const ArraySpec &array,
                                   const MatrixSpec &matrix,
                                   const Value &weights, WeightLayout layout) {
  llvm::Expected<Tiling> tiling = tile(array, matrix);
  if (!tiling)
    return tiling.takeError();
  int64_t count;
  if (llvm::MulOverflow(matrix.rows, matrix.columns, count) ||
      llvm::MulOverflow(count, matrix.groups, count))
    return llvm::createStringError(
        "expected fewer than 2^63 weights, got more");
  if (llvm::Error error =
          verifyTensor("weights", weights, count, matrix.weightBits))
    return error;

  std::vector<int32_t> columns;
  llvm::Error error =
      weights.type() == ElementType::i8
          ? arrange(matrix, weights.as<int8_t>(), layout, columns)
      : weights.type() == ElementType::i16
          ? arrange(matrix, weights.as<int16_t>(), layout, columns)
          : arrange(matrix, weights.as<int32_t>(), layout, columns);
  if (error)
    return error;

  Grid grid;
  grid.arraySpec = array;
  grid.matrixSpec = matrix;
  grid.arrayTiling = *tiling;
  grid.columnSums.reserve(matrix.groups * matrix.columns);
  for (int64_t n = 0; n < matrix.groups * matrix.columns; ++n) {
    int64_t sum = 0;
    for (int64_t k = 0; k < matrix.rows; ++k)
      sum += columns[n * matrix.rows + k];
    grid.columnSums.push_back(sum);
  }
  grid.implementation = array.adcMode == AdcMode::lossless
                            ? makeExactKernel(matrix, columns)
                            : makeClipKernel(array, matrix, *tiling, columns);
  return grid;
}

llvm::Error Grid::compute(const Value &x, const Window &window,
                          int64_t inputZeroPoint, int64_t weightZeroPoint,
                          Value &y, unsigned threads) const {
  const MatrixSpec &matrix = matrixSpec;
  if (llvm::Error error = window.verify(matrix))
    return error;
  int64_t pixels, results;
  if (llvm::MulOverflow(window.height, window.width, pixels) ||
      llvm::MulOverflow(pixels, window.channels, pixels) ||
      llvm::MulOverflow(pixels, window.batch, pixels) ||
      llvm::MulOverflow(window.outHeight, window.outWidth, results) ||
      llvm::MulOverflow(results, matrix.groups * matrix.columns, results) ||
      llvm::MulOverflow(results, window.batch, results))
    return llvm::createStringError(
        "expected a window over fewer than 2^63 elements, got more");
  if (llvm::Error error = verifyTensor("inputs", x, pixels, matrix.inputBits))
    return error;
  if (y.isEmpty() ||
      (y.type() != ElementType::i32 && y.type() != ElementType::i64))
    return llvm::createStringError("expected results of type i32 or i64, got " +
                                   (y.isEmpty() ? "none" : name(y.type())));
  if (y.numElements() != results)
    return llvm::createStringError("expected results of " +
                                   llvm::Twine(results) + " elements, got " +
                                   llvm::Twine(y.numElements()));
  int64_t bits = byteWidth(y.type()) * 8;
  if (llvm::Error error = verifyAccumulator(
          matrix, inputZeroPoint, weightZeroPoint, arraySpec.adcMode, bits))
    return error;
  if (llvm::Error error = verifyInputs(x, matrix.inputBits, matrix.inputSigned))
    return error;

  // sum (x - xzp)(w - wzp) = sum xw - xzp sum w - wzp sum x + K xzp wzp.
  // Unsigned: the sum is known to fit, its terms are not.
  std::vector<int64_t> bias(columnSums.size());
  for (size_t n = 0; n < bias.size(); ++n)
    bias[n] = uint64_t(inputZeroPoint) *
              (uint64_t(matrix.rows) * weightZeroPoint - columnSums[n]);
  bool fits32 = accumulatorBits(matrix, inputZeroPoint, weightZeroPoint,
                                arraySpec.adcMode) <= 32;
  implementation->compute(
      {window, x, inputZeroPoint, bias, -weightZeroPoint, y, fits32, threads});
  return llvm::Error::success();
}

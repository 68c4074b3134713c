// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Crossbar/Grid.h"

#include "lib/Model/Crossbar/Encoding.h"
#include "lib/Model/Crossbar/kernels/Kernels.h"

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

template <typename T>
static void gather(llvm::ArrayRef<T> weights, int64_t at, int64_t step,
                   llvm::MutableArrayRef<int32_t> out) {
  if (step == 1) {
    std::copy_n(weights.slice(at, out.size()).begin(), out.size(), out.begin());
    return;
  }
  for (int32_t &weight : out) {
    weight = weights[at];
    at += step;
  }
}

void WeightReader::read(int64_t g, int64_t n, int64_t first,
                        llvm::MutableArrayRef<int32_t> out) const {
  const int64_t K = matrix.rowsOfWhole(), N = matrix.columnsOfWhole();
  const bool filters = layout == WeightLayout::filters;
  g += matrix.firstGroup;
  n += matrix.firstColumn;
  first += matrix.firstRow;
  const int64_t at =
      filters ? (g * N + n) * K + first : (g * K + first) * N + n;
  const int64_t step = filters ? 1 : N;
  if (weights.type() == ElementType::i8)
    gather(weights.as<int8_t>(), at, step, out);
  else if (weights.type() == ElementType::i16)
    gather(weights.as<int16_t>(), at, step, out);
  else
    gather(weights.as<int32_t>(), at, step, out);
}

static llvm::Error verifyWeights(const MatrixSpec &matrix,
                                 const Value &weights) {
  int64_t half = int64_t(1) << (matrix.weightBits - 1);
  if (weights.type() == ElementType::i8)
    return verifyCodes("weights", weights.as<int8_t>(), -half, half - 1);
  if (weights.type() == ElementType::i16)
    return verifyCodes("weights", weights.as<int16_t>(), -half, half - 1);
  return verifyCodes("weights", weights.as<int32_t>(), -half, half - 1);
}

/// Fails unless a part lies within the whole.
static llvm::Error verifyPart(const MatrixSpec &matrix) {
  struct Field {
    const char *name;
    int64_t first, size, whole;
  };
  for (const Field &field :
       {Field{"groups", matrix.firstGroup, matrix.groups,
              matrix.groupsOfWhole()},
        Field{"rows", matrix.firstRow, matrix.rows, matrix.rowsOfWhole()},
        Field{"columns", matrix.firstColumn, matrix.columns,
              matrix.columnsOfWhole()}})
    if (field.first < 0 || field.first > field.whole - field.size)
      return llvm::createStringError(
          "expected a part within the " + llvm::Twine(field.whole) + " " +
          field.name + " of its matrix, got " + llvm::Twine(field.size) +
          " from " + llvm::Twine(field.first));
  return llvm::Error::success();
}

/// Exact sums of the columns, in blocks of rows that keep a matrix cached.
static std::vector<int64_t> sumColumns(const MatrixSpec &matrix,
                                       const WeightReader &weights) {
  constexpr int64_t block = 512;
  const int64_t K = matrix.rows, N = matrix.columns;
  std::vector<int64_t> sums(matrix.groups * N);
  std::vector<int32_t> part(std::min(block, K));
  for (int64_t g = 0; g < matrix.groups; ++g)
    for (int64_t first = 0; first < K; first += block)
      for (int64_t n = 0; n < N; ++n) {
        auto rows = llvm::MutableArrayRef(part).take_front(K - first);
        weights.read(g, n, first, rows);
        for (int32_t weight : rows)
          sums[g * N + n] += weight;
      }
  return sums;
}

static std::unique_ptr<const ICrossbarKernel>
makeKernel(const ArraySpec &array, const MatrixSpec &matrix,
           const Tiling &tiling, const WeightReader &weights) {
  if (!hasRealCells(array) && readNoise(array) == 0) {
    if (array.adcMode == AdcMode::lossless)
      return makeExactKernel(matrix, weights);
    // Calibration needs the sums of every read.
    const Converter converter = converterOf(array, matrix);
    if (converter.numerator == converter.denominator &&
        array.adcMode != AdcMode::calibrated)
      return makeClipKernel(array, matrix, tiling, weights);
  }
  return makeConvertKernel(array, matrix, tiling, weights);
}

llvm::Expected<Grid> Grid::program(const ArraySpec &array,
                                   const MatrixSpec &matrix,
                                   const Value &weights, WeightLayout layout) {
  llvm::Expected<Tiling> tiling = tile(array, matrix);
  if (!tiling)
    return tiling.takeError();
  if (llvm::Error error = verifyPart(matrix))
    return std::move(error);
  int64_t count;
  if (llvm::MulOverflow(matrix.rowsOfWhole(), matrix.columnsOfWhole(), count) ||
      llvm::MulOverflow(count, matrix.groupsOfWhole(), count))
    return llvm::createStringError(
        "expected fewer than 2^63 weights, got more");
  if (llvm::Error error =
          verifyTensor("weights", weights, count, matrix.weightBits))
    return error;

  if (llvm::Error error = verifyWeights(matrix, weights))
    return error;

  Grid grid;
  grid.arraySpec = array;
  grid.matrixSpec = matrix;
  grid.arrayTiling = *tiling;
  const WeightReader reader(matrix, weights, layout);
  grid.columnSums = sumColumns(matrix, reader);
  grid.implementation = makeKernel(array, matrix, *tiling, reader);
  return grid;
}

llvm::Error Grid::compute(const Value &x, const Window &window,
                          int64_t inputZeroPoint, int64_t weightZeroPoint,
                          Value &y, unsigned threads,
                          SumHistogram *histogram) const {
  if (!histogram) {
    if (arraySpec.adcMode == AdcMode::calibrated && matrixSpec.adcRange <= 0)
      return llvm::createStringError(
          "expected an adc_range for a calibrated converter, got none "
          "(calibrate the program first)");
    return run(arraySpec, x, window, inputZeroPoint, weightZeroPoint, y,
               /*histogram=*/nullptr, threads);
  }
  assert(arraySpec.adcMode == AdcMode::calibrated && "its sums are not formed");
  ArraySpec lossless = arraySpec;
  lossless.adcMode = AdcMode::lossless;
  constexpr int64_t bins = 65536;
  const int64_t range = fullScaleRange(arraySpec);
  histogram->width = llvm::divideCeil(range, bins);
  histogram->limit = 2 * range; // where lossless converters end
  return run(lossless, x, window, inputZeroPoint, weightZeroPoint, y, histogram,
             threads);
}

llvm::Error Grid::run(const ArraySpec &array, const Value &x,
                      const Window &window, int64_t inputZeroPoint,
                      int64_t weightZeroPoint, Value &y,
                      SumHistogram *histogram, unsigned threads) const {
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
  if (llvm::Error error = verifyAccumulator(array, matrix, inputZeroPoint,
                                            weightZeroPoint, bits))
    return error;
  if (llvm::Error error = verifyInputs(x, matrix.inputBits, matrix.inputSigned))
    return error;

  // sum (x - xzp)(w - wzp) = sum xw - xzp sum w - wzp sum x + K xzp wzp.
  // Unsigned: the sum is known to fit, its terms are not.
  std::vector<int64_t> bias(columnSums.size());
  for (size_t n = 0; n < bias.size(); ++n)
    bias[n] = uint64_t(inputZeroPoint) *
              (uint64_t(matrix.rows) * weightZeroPoint - columnSums[n]);
  bool fits32 =
      accumulatorBits(array, matrix, inputZeroPoint, weightZeroPoint) <= 32;
  implementation->compute({window, x, inputZeroPoint, bias, -weightZeroPoint, y,
                           fits32, threads, histogram});
  return llvm::Error::success();
}

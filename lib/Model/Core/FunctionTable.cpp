// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Model/Core/FunctionTable.h"

#include "lib/Support/Parallel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cmath>
#include <limits>

using namespace pumice;
using namespace pumice::model;

namespace {

/// To the nearest integer, halves to even, of a number below 2^51.
double roundEven(double x) {
  constexpr double big = 0x1.8p52;
  return (x + big) - big;
}

/// The value at the nearest number of the domain.
class Lookup {
public:
  explicit Lookup(const FunctionTable &function)
      : values(function.values.data()), low(function.low),
        last(double(function.values.size() - 1)),
        step((function.high - function.low) / last) {}

  double operator()(double x) const {
    return values[static_cast<int64_t>(
        roundEven(std::clamp((x - low) / step, 0.0, last)))];
  }

private:
  const double *values;
  double low, last, step;
};

double at(const FunctionTable::Line &line, double x) {
  return line.slope == 0 ? line.offset : line.slope * x + line.offset;
}

int64_t applyDirectly(const FunctionTable &function, const float *x, float *y,
                      int64_t count) {
  const Lookup lookup(function);
  const double low = function.low, high = function.high;
  int64_t outside = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double number = double(x[i]);
    if (number >= low && number <= high) {
      y[i] = static_cast<float>(lookup(number));
      continue;
    }
    ++outside;
    if (std::isnan(number))
      y[i] = x[i];
    else if (number < low)
      y[i] = static_cast<float>(function.below ? at(*function.below, number)
                                               : lookup(number));
    else
      y[i] = static_cast<float>(function.above ? at(*function.above, number)
                                               : lookup(number));
  }
  return outside;
}

int64_t applyReduced(const FunctionTable &function, const float *x, float *y,
                     int64_t count) {
  const Lookup lookup(function);
  const FunctionTable::Reduction &reduction = *function.reduction;
  const int bitsOfBase = reduction.base == 4 ? 2 : 1;
  constexpr uint64_t mantissa = (uint64_t(1) << 52) - 1;
  int64_t outside = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (std::isnan(x[i])) {
      ++outside;
      y[i] = x[i];
      continue;
    }
    const bool isNegative = std::signbit(x[i]);
    float size = std::abs(x[i]);
    if (size > std::numeric_limits<float>::max()) {
      ++outside;
      size = std::numeric_limits<float>::max();
    }
    const double sign = isNegative && reduction.odd ? -1 : 1;
    const bool isBelow = isNegative && !reduction.odd && size > 0;
    if (size < std::numeric_limits<float>::min() || isBelow) {
      ++outside;
      y[i] = static_cast<float>(sign * reduction.zero);
      continue;
    }
    // size = m * 2^e with m in [1, 2), and normal as a double.
    const uint64_t bits = llvm::bit_cast<uint64_t>(double(size));
    const int exponent = int(bits >> 52) - 1023;
    const int k = exponent >> (bitsOfBase - 1); // rounds down
    const int rest = exponent - k * bitsOfBase;
    const double m =
        llvm::bit_cast<double>((bits & mantissa) | uint64_t(1023 + rest) << 52);
    const double scale =
        llvm::bit_cast<double>(uint64_t(1023 + reduction.shift * k) << 52);
    y[i] = static_cast<float>(
        sign * (lookup(m) * scale + reduction.offset * double(k)));
  }
  return outside;
}

} // namespace

int64_t model::apply(const FunctionTable &function, llvm::ArrayRef<float> x,
                     llvm::MutableArrayRef<float> y, unsigned threads) {
  assert(x.size() == y.size() && function.values.size() >= 2);
  constexpr int64_t chunk = 1 << 14;
  const int64_t count = x.size();
  std::atomic<int64_t> outside{0};
  parallelFor(threads, llvm::divideCeil(count, chunk), [&](int64_t part) {
    const int64_t begin = part * chunk;
    const int64_t size = std::min(chunk, count - begin);
    auto compute = function.reduction ? applyReduced : applyDirectly;
    outside += compute(function, x.data() + begin, y.data() + begin, size);
  });
  return outside;
}

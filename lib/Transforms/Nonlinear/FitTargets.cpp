// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Transforms/Nonlinear/FitTargets.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace pumice;
using Reduction = model::FunctionTable::Reduction;

static std::string number(double x) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", x);
  return text;
}

static llvm::Expected<std::vector<float>> sample(Sampler function,
                                                 const std::vector<float> &x) {
  std::vector<float> y(x.size());
  if (llvm::Error error = function(x, y))
    return std::move(error);
  return y;
}

//===----------------------------------------------------------------------===//
// Reduction
//===----------------------------------------------------------------------===//

/// Whether all of `f(base x)` are `2^shift f(x)`.
static bool isScaled(const std::vector<float> &at, const std::vector<float> &of,
                     int shift) {
  for (size_t i = 0; i < at.size(); ++i) {
    const double expected = std::ldexp(double(of[i]), shift);
    if (!(std::abs(at[i] - expected) <= 2e-6 * std::abs(expected)))
      return false;
  }
  return true;
}

llvm::Expected<std::optional<Reduction>>
pumice::findReduction(Sampler function) {
  constexpr int points = 61;
  std::vector<float> x, x2, x4, minus;
  for (int i = 0; i < points; ++i) {
    x.push_back(static_cast<float>(1 + 3.0 * i / points));
    x2.push_back(2 * x.back());
    x4.push_back(4 * x.back());
    minus.push_back(-x.back());
  }
  std::vector<float> y[4], zero;
  const std::vector<float> *xs[] = {&x, &x2, &x4, &minus};
  for (int i = 0; i < 4; ++i)
    if (llvm::Error error = sample(function, *xs[i]).moveInto(y[i]))
      return std::move(error);
  if (llvm::Error error = sample(function, {0.0f}).moveInto(zero))
    return std::move(error);
  if (!llvm::all_of(y[0], [](float v) { return std::isfinite(v); }))
    return std::nullopt;

  Reduction found;
  constexpr double most = std::numeric_limits<float>::max();
  found.zero =
      std::isnan(zero[0]) ? 0 : std::clamp(double(zero[0]), -most, most);
  found.odd = isScaled(y[3], y[0], 0)
                  ? false
                  : llvm::all_of_zip(y[3], y[0],
                                     [](float a, float b) { return a == -b; });
  // An even power, say: what is below 0 would be lost.
  if (!found.odd && !llvm::all_of(y[3], [](float v) { return std::isnan(v); }))
    return std::nullopt;
  for (int base : {2, 4})
    for (int shift = -4; shift <= 4; ++shift)
      if (isScaled(y[base == 2 ? 1 : 2], y[0], shift)) {
        found.base = base;
        found.shift = shift;
        return found;
      }
  // f(2 x) = f(x) + offset
  const double offset = double(y[1][0]) - y[0][0];
  for (int i = 0; i < points; ++i)
    if (!(std::abs(double(y[1][i]) - y[0][i] - offset) <=
          2e-6 * (1 + std::abs(double(y[1][i])))))
      return std::nullopt;
  found.base = 2;
  found.shift = 0;
  // In double, as far as the samples allow.
  double sum = 0;
  for (int i = 0; i < points; ++i)
    sum += double(y[1][i]) - y[0][i];
  found.offset = std::abs(sum / points - std::log(2.0)) < 1e-6 ? std::log(2.0)
                                                               : sum / points;
  return found;
}

//===----------------------------------------------------------------------===//
// Domains
//===----------------------------------------------------------------------===//

/// Values at all inputs, and what rounding an input costs.
static llvm::Expected<FitTarget> finish(Sampler function, neon::Target target) {
  const neon::Format &input = target.input;
  const int64_t count = input.count();
  std::vector<float> x, between;
  for (int64_t q = 0; q < count; ++q) {
    x.push_back(static_cast<float>(input.value(q)));
    if (q + 1 < count)
      between.push_back(static_cast<float>(input.value(q) + input.step() / 2));
  }
  FitTarget result;
  std::vector<float> y, middle;
  if (llvm::Error error = sample(function, x).moveInto(y))
    return std::move(error);
  if (llvm::Error error = sample(function, between).moveInto(middle))
    return std::move(error);
  for (int64_t q = 0; q < count; ++q) {
    if (!std::isfinite(y[q]))
      return llvm::createStringError("expected finite values in the domain, "
                                     "got " +
                                     number(y[q]) + " at " + number(x[q]));
    for (int64_t side : {q - 1, q})
      if (side >= 0 && side + 1 < count && std::isfinite(middle[side]))
        result.rounding =
            std::max(result.rounding, std::abs(double(middle[side]) - y[q]));
  }
  target.values.assign(y.begin(), y.end());
  auto [low, high] = std::minmax_element(y.begin(), y.end());
  result.range = double(*high) - *low;
  result.target = std::move(target);
  return result;
}

/// `x` to the next multiple of `unit` towards `direction`.
static double roundTo(double x, double unit, double direction) {
  const double multiple = x / unit;
  // No negative 0.
  return unit * (direction < 0 ? std::floor(multiple) : std::ceil(multiple)) +
         0.0;
}

/// The line that the function follows at an end of the examined range, and
/// where it begins to.
struct Asymptote {
  neon::Tail line;
  double from = 0;
};

/// Looks at `x` from its last point on; none if less than `needed` points
/// follow a line up to `tolerance`.
static std::optional<Asymptote> findAsymptote(llvm::ArrayRef<float> x,
                                              llvm::ArrayRef<float> y,
                                              double tolerance, size_t needed) {
  const size_t last = x.size() - 1, other = last - needed / 2;
  if (!std::isfinite(y[last]) || !std::isfinite(y[other]))
    return std::nullopt;
  const double slope =
      (double(y[last]) - y[other]) / (double(x[last]) - x[other]);
  const double simple = std::nearbyint(slope * 64) / 64;
  double slopes[] = {simple, slope};
  std::optional<Asymptote> best;
  for (double s : slopes) {
    const double exact = double(y[last]) - s * x[last];
    const double nearest = std::nearbyint(exact * 64) / 64;
    for (double offset : {nearest, exact}) {
      size_t i = x.size();
      while (i > 0 && std::isfinite(y[i - 1]) &&
             std::abs(s * x[i - 1] + offset - y[i - 1]) <= tolerance)
        --i;
      if (x.size() - i < needed)
        continue;
      // One point less: between the points the line is as near.
      const double from = x[std::min(i + 1, last)];
      if (!best || (x[0] < x[last] ? from < best->from : from > best->from))
        best = Asymptote{{true, s + 0.0, offset + 0.0}, from}; // no -0
    }
    if (best)
      break;
  }
  return best;
}

llvm::Expected<FitTarget> pumice::makeTarget(Sampler function, double low,
                                             double high, int64_t inputBits,
                                             int64_t outputBits) {
  const double size = std::max(std::abs(low), std::abs(high));
  const double unit = std::exp2(std::floor(std::log2(size)) - 3);
  low = roundTo(low, unit, -1);
  high = roundTo(high, unit, 1);
  const double width = high - low;
  constexpr int perWidth = 2048;
  std::vector<float> x;
  for (int i = -perWidth; i <= 2 * perWidth; ++i)
    x.push_back(static_cast<float>(low + width * i / perWidth));
  std::vector<float> y;
  if (llvm::Error error = sample(function, x).moveInto(y))
    return std::move(error);

  llvm::ArrayRef<float> inside =
      llvm::ArrayRef(y).slice(perWidth, perWidth + 1);
  auto [least, greatest] = std::minmax_element(inside.begin(), inside.end());
  neon::Target target;
  const double tolerance =
      (double(*greatest) - *least) / double(int64_t(2) << outputBits);
  if (tolerance > 0 && std::isfinite(tolerance)) {
    constexpr size_t needed = perWidth / 4;
    auto above = findAsymptote(x, y, tolerance, needed);
    std::vector<float> xr(x.rbegin(), x.rend()), yr(y.rbegin(), y.rend());
    auto below = findAsymptote(xr, yr, tolerance, needed);
    const double newLow = below ? below->from : low;
    const double newHigh = above ? above->from : high;
    if (newHigh - newLow > width / 64) {
      low = newLow;
      high = newHigh;
      if (below)
        target.below = below->line;
      if (above)
        target.above = above->line;
    }
  }
  target.input = {inputBits, low, high};
  return finish(function, std::move(target));
}

llvm::Expected<FitTarget> pumice::makeTarget(Sampler function,
                                             const Reduction &reduction,
                                             int64_t inputBits) {
  neon::Target target;
  target.input = {inputBits, 1, double(reduction.base)};
  auto result = finish(function, std::move(target));
  if (result)
    result->reduction = reduction;
  return result;
}

double pumice::largestError(const FitTarget &target, const neon::Format &output,
                            llvm::ArrayRef<int32_t> results) {
  double largest = 0;
  for (size_t q = 0; q < results.size(); ++q)
    largest = std::max(
        largest, std::abs(output.value(results[q]) - target.target.values[q]));
  return largest + target.rounding;
}

neon::Options pumice::optionsFor(const FitTarget &target, double bound,
                                 neon::Options options) {
  if (bound > 0)
    options.goal.maxAbs = std::max(bound - target.rounding, 0.0);
  else
    options.goal.maxLsb = 8;
  return options;
}

FittedTable pumice::makeTable(const FitTarget &target, int64_t outputBits,
                              double bound) {
  const neon::Format &full = target.target.input;
  const std::vector<double> &all = target.target.values;
  auto [low, high] = std::minmax_element(all.begin(), all.end());
  neon::Format output{outputBits, *low, *high};
  if (!(output.low < output.high)) // a constant: any range that holds it
    output.high = output.low + std::max(std::abs(output.low), 1.0);
  FittedTable table;
  table.input = full;
  table.output = output;
  for (int64_t bits = bound > 0 ? std::min<int64_t>(4, full.bits) : full.bits;
       bits <= full.bits; ++bits) {
    table.input.bits = bits;
    table.results.clear();
    for (int64_t q = 0; q < table.input.count(); ++q)
      table.results.push_back(static_cast<int32_t>(
          output.quantize(all[full.quantize(table.input.value(q))])));
    // Against the function at all inputs of the full width.
    table.largest = 0;
    for (int64_t q = 0; q < full.count(); ++q) {
      const int32_t result = table.results[table.input.quantize(full.value(q))];
      table.largest =
          std::max(table.largest, std::abs(output.value(result) - all[q]));
    }
    table.largest += target.rounding;
    if (bound > 0 && table.largest <= bound)
      break;
  }
  double squares = 0;
  for (int64_t q = 0; q < table.input.count(); ++q) {
    const double error = output.value(table.results[q]) -
                         all[full.quantize(table.input.value(q))];
    squares += error * error;
  }
  table.errors.mse = squares / double(table.input.count());
  table.errors.points = table.input.count();
  table.errors.maxAbs = table.largest;
  table.errors.maxLsb = table.largest / output.step();
  return table;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Neon/Compose.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

#include <cmath>
#include <limits>

using namespace pumice::neon;
using llvm::ArrayRef;
using llvm::MutableArrayRef;
using llvm::Twine;

static const Composition table[] = {
    {"softmax", {"exp", "reciprocal"}}, {"log_softmax", {"exp", "log"}},
    {"layer_norm", {"rsqrt"}},          {"rms_norm", {"rsqrt"}},
    {"group_norm", {"rsqrt"}},          {"l2_norm", {"rsqrt"}},
    {"squash", {"sqrt", "reciprocal"}},
};

ArrayRef<Composition> pumice::neon::compositions() { return table; }

namespace {

using Row = MutableArrayRef<double>;

double sumOfSquares(Row row, double mean) {
  double sum = 0;
  for (double x : row)
    sum += (x - mean) * (x - mean);
  return sum;
}

void softmax(Row row, ArrayRef<uint8_t> mask, const ScalarNet &exp,
             const ScalarNet *reciprocal, const ScalarNet *log) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  auto isOut = [&](size_t i) { return !mask.empty() && !mask[i]; };
  double largest = -infinity;
  for (size_t i = 0; i < row.size(); ++i)
    if (!isOut(i))
      largest = std::max(largest, row[i]);
  // The sum of integers is exact, in any order.
  const Format &format = exp.getNet().output;
  int64_t codes = 0, count = 0;
  std::vector<double> powers(row.size());
  for (size_t i = 0; i < row.size(); ++i) {
    if (isOut(i))
      continue;
    const int64_t code = exp.code(row[i] - largest);
    powers[i] = format.value(code);
    codes += code;
    ++count;
  }
  const double sum = double(count) * format.low + double(codes) * format.step();
  const double factor = reciprocal && sum > 0 ? (*reciprocal)(sum) : 0;
  const double shift = log && sum > 0 ? (*log)(sum) : 0;
  for (size_t i = 0; i < row.size(); ++i) {
    if (log)
      row[i] = isOut(i) ? -infinity : row[i] - largest - shift;
    else
      row[i] = isOut(i) ? 0 : powers[i] * factor;
  }
}

void layerNorm(Row row, const ScalarNet &rsqrt, double epsilon) {
  double mean = 0;
  for (double x : row)
    mean += x;
  mean /= double(row.size());
  const double factor =
      rsqrt(sumOfSquares(row, mean) / double(row.size()) + epsilon);
  for (double &x : row)
    x = (x - mean) * factor;
}

void scale(Row row, double factor) {
  for (double &x : row)
    x *= factor;
}

} // namespace

llvm::Error pumice::neon::compose(llvm::StringRef name, const Nets &nets,
                                  MutableArrayRef<double> values, int64_t n,
                                  ArrayRef<uint8_t> mask,
                                  const ComposeOptions &options) {
  const auto *found = llvm::find_if(
      table, [&](const Composition &item) { return name == item.name; });
  if (found == std::end(table)) {
    std::vector<llvm::StringRef> names;
    for (const Composition &item : table)
      names.push_back(item.name);
    return llvm::createStringError("expected a composition of " +
                                   llvm::join(names, ", ") + ", got '" + name +
                                   "'");
  }
  for (const char *net : found->nets)
    if (!nets.count(net))
      return llvm::createStringError("expected a net of '" + Twine(net) +
                                     "' for '" + name + "', got none");
  const bool isSoftmax = name.ends_with("softmax");
  if (n < 1 || int64_t(values.size()) % n)
    return llvm::createStringError("expected rows of " + Twine(n) +
                                   " numbers, got " + Twine(values.size()) +
                                   " numbers");
  if (!mask.empty() && (!isSoftmax || mask.size() != values.size()))
    return llvm::createStringError(
        "expected a mask of a softmax, one value per number");
  const int64_t groups = name == "group_norm" ? options.groups : 1;
  if (groups < 1 || n % groups)
    return llvm::createStringError("expected groups that divide a row of " +
                                   Twine(n) + ", got " + Twine(groups));
  auto net = [&](const char *key) -> const ScalarNet & {
    return nets.find(key)->second;
  };
  const int64_t length = n / groups;
  for (int64_t at = 0; at < int64_t(values.size()); at += length) {
    Row row = values.slice(at, length);
    if (isSoftmax) {
      const bool isLog = name == "log_softmax";
      softmax(row, mask.empty() ? mask : mask.slice(at, length), net("exp"),
              isLog ? nullptr : &net("reciprocal"),
              isLog ? &net("log") : nullptr);
    } else if (name == "layer_norm" || name == "group_norm") {
      layerNorm(row, net("rsqrt"), options.epsilon);
    } else if (name == "rms_norm") {
      scale(row, net("rsqrt")(sumOfSquares(row, 0) / double(length) +
                              options.epsilon));
    } else if (name == "l2_norm") {
      scale(row, net("rsqrt")(std::max(sumOfSquares(row, 0),
                                       options.epsilon * options.epsilon)));
    } else {
      const double s = sumOfSquares(row, 0);
      scale(row, net("sqrt")(s) * net("reciprocal")(1 + s));
    }
  }
  return llvm::Error::success();
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Neon/Fit.h"

#include "lib/Neon/Numbers.h"
#include "lib/Neon/Quantize.h"
#include "lib/Neon/RealFit.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>
#include <cmath>

using namespace pumice::neon;
using llvm::Twine;

namespace {

/// Fails unless the target can be fitted.
llvm::Error check(const Target &target) {
  const Format &input = target.input;
  if (input.bits < 2 || input.bits > 16)
    return llvm::createStringError("expected an input of 2 to 16 bits, got " +
                                   Twine(input.bits));
  if (!std::isfinite(input.low) || !std::isfinite(input.high) ||
      !(input.low < input.high))
    return llvm::createStringError(
        "expected a domain from a finite number to a greater one, got [" +
        toText(input.low) + ", " + toText(input.high) + "]");
  if (int64_t(target.values.size()) != input.count())
    return llvm::createStringError(
        "expected " + Twine(input.count()) + " values, one for each input of " +
        Twine(input.bits) + " bits, got " + Twine(target.values.size()));
  for (size_t q = 0; q < target.values.size(); ++q)
    if (!std::isfinite(target.values[q]))
      return llvm::createStringError("expected finite values, got " +
                                     toText(target.values[q]) + " at " +
                                     toText(input.value(q)));
  if (!target.weights.empty()) {
    if (target.weights.size() != target.values.size())
      return llvm::createStringError("expected " + Twine(target.values.size()) +
                                     " weights, got " +
                                     Twine(target.weights.size()));
    double total = 0;
    for (double weight : target.weights) {
      if (!(weight >= 0) || !std::isfinite(weight))
        return llvm::createStringError("expected weights of at least 0, got " +
                                       toText(weight));
      total += weight;
    }
    if (!(total > 0) || !std::isfinite(total))
      return llvm::createStringError(
          "expected weights with a positive sum, got " + toText(total));
  }
  return llvm::Error::success();
}

llvm::Error check(const Options &options) {
  for (auto [bits, name] :
       {std::pair<int64_t, const char *>(options.weightBits, "weights"),
        {options.hiddenBits, "hidden values"},
        {options.outputBits, "an output"}})
    if (bits < 2 || bits > 16)
      return llvm::createStringError(Twine("expected ") + name +
                                     " of 2 to 16 bits, got " + Twine(bits));
  if (options.minHidden < 1 || options.maxHidden < options.minHidden ||
      options.maxHidden > 256)
    return llvm::createStringError(
        "expected 1 <= min_hidden <= max_hidden <= 256, got " +
        Twine(options.minHidden) + " and " + Twine(options.maxHidden));
  return llvm::Error::success();
}

} // namespace

bool pumice::neon::meets(const Errors &errors, const Goal &goal) {
  auto within = [](double found, const std::optional<double> &bound) {
    return !bound || found <= *bound;
  };
  return within(errors.mse, goal.mse) && within(errors.nmse, goal.nmse) &&
         within(errors.maxAbs, goal.maxAbs) &&
         within(errors.maxRelative, goal.maxRelative) &&
         within(errors.maxLsb, goal.maxLsb);
}

int64_t pumice::neon::losslessRows(int64_t adcBits, int64_t cellBits,
                                   int64_t dacBits) {
  const int64_t most = (int64_t(1) << adcBits) - 1;
  const int64_t row =
      ((int64_t(1) << cellBits) - 1) * ((int64_t(1) << dacBits) - 1);
  return row > 0 ? most / row : 0;
}

llvm::json::Object pumice::neon::toJson(const Fitted &fitted) {
  const Errors &errors = fitted.errors;
  return llvm::json::Object{
      {"net", toJson(fitted.net)},
      {"name", contentHash(fitted.net)},
      {"meets_goal", fitted.meetsGoal},
      {"real_mse", fitted.realMse},
      {"iterations", fitted.iterations},
      {"errors", llvm::json::Object{{"mse", errors.mse},
                                    {"nmse", errors.nmse},
                                    {"max_abs", errors.maxAbs},
                                    {"max_relative", errors.maxRelative},
                                    {"max_lsb", errors.maxLsb},
                                    {"points", errors.points}}}};
}

Fitted pumice::neon::measure(Net net, const Target &target,
                             const Options &options) {
  const Samples none;
  const Quantizer quantizer(target, options, none, net.output);
  const Errors errors = quantizer.errorsOf(net);
  return {std::move(net), errors, meets(errors, options.goal), errors.mse, 0};
}

llvm::Expected<Fitted> pumice::neon::fit(const Target &target,
                                         const Options &options) {
  if (llvm::Error error = check(target))
    return std::move(error);
  if (llvm::Error error = check(options))
    return std::move(error);
  auto [low, high] =
      std::minmax_element(target.values.begin(), target.values.end());
  Format output{options.outputBits, *low, *high};
  if (!(output.low < output.high)) // a constant: any range that holds it
    output.high = output.low + std::max(std::abs(output.low), 1.0);

  RealFitter fitter(target, options);
  Quantizer quantizer(target, options, fitter.getSamples(), output);
  std::optional<Fitted> best;
  RealNet previous;
  for (int64_t hidden = options.minHidden;;) {
    RealNet real = fitter.fit(hidden, previous.units() ? &previous : nullptr);
    auto [net, errors] = quantizer.quantize(real);
    const bool isBetter =
        !best || (options.minimax ? errors.maxAbs < best->errors.maxAbs
                                  : errors.mse < best->errors.mse);
    if (isBetter || (!best->meetsGoal && meets(errors, options.goal)))
      best = Fitted{std::move(net), errors, meets(errors, options.goal),
                    real.mse, 0};
    best->iterations = fitter.iterations;
    const bool hasGoal = options.goal.mse || options.goal.nmse ||
                         options.goal.maxAbs || options.goal.maxRelative ||
                         options.goal.maxLsb;
    if ((hasGoal && best->meetsGoal) || hidden == options.maxHidden)
      return *best;
    previous = std::move(real);
    hidden = std::min(2 * hidden, options.maxHidden);
  }
}

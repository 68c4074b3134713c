// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Fit.h - Fitting nets to functions ------------------------*- C++ -*-===//
//
// Deterministic, one thread: variable projection with Levenberg-Marquardt
// (Kaufman's Jacobian) from structured starts, grown by warm starts, rounded
// with the quantized hidden layer in view, and checked on every input value.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_NEON_FIT_H
#define PUMICE_LIB_NEON_FIT_H

#include "lib/Neon/Net.h"

#include <optional>

namespace pumice::neon {

/// A function on all values of a format.
struct Target {
  Format input;
  std::vector<double> values; ///< one per value of `input`, finite
  /// How much each value of `input` counts, at least 0 with a positive sum;
  /// empty: all the same. A tenth of the weight is always spread evenly.
  std::vector<double> weights;
  Tail below, above;
};

/// Bounds on a fitted net. None: not asked for.
struct Goal {
  std::optional<double> mse;
  std::optional<double> nmse; ///< mse over the target's variance
  std::optional<double> maxAbs;
  std::optional<double> maxRelative; ///< see Errors
  std::optional<double> maxLsb;      ///< maxAbs in steps of the output
};

struct Options {
  int64_t weightBits = 16;
  int64_t hiddenBits = 16;
  int64_t outputBits = 16;
  int64_t minHidden = 2;
  /// Most hidden units. On a device, at most as many as its converters sum
  /// without clipping (`losslessRows`).
  int64_t maxHidden = 64;
  /// Fit for the largest error rather than the mean one.
  bool minimax = false;
  /// Relative errors count where the target is at least this part of its
  /// largest magnitude.
  double relativeFloor = 1e-3;
  Goal goal;
};

/// Errors of a net against its target, over every value of the input.
struct Errors {
  double mse = 0; ///< weighted as the target says
  double nmse = 0;
  double maxAbs = 0;
  double maxRelative = 0;
  double maxLsb = 0;
  int64_t points = 0;
};

struct Fitted {
  Net net;
  Errors errors;
  bool meetsGoal = false;
  /// Mean squared error before quantization.
  double realMse = 0;
  int64_t iterations = 0; ///< Levenberg-Marquardt steps in all
};

/// The net, its name by content, its errors, and how it was found.
llvm::json::Object toJson(const Fitted &fitted);

/// Fails if a target or an option is out of range; the error says which. A goal
/// that cannot be met within `maxHidden` is not a failure: `meetsGoal` is false
/// and the net is the best that was found.
llvm::Expected<Fitted> fit(const Target &target, const Options &options);

/// A net that was not fitted, with its errors against `target`.
Fitted measure(Net net, const Target &target, const Options &options);

/// Whether `errors` are within `goal`; true without bounds.
bool meets(const Errors &errors, const Goal &goal);

/// Rows that a converter of `adcBits` bits sums without clipping, whatever the
/// cells of `cellBits` bits hold and the `dacBits` bits of the inputs are.
int64_t losslessRows(int64_t adcBits, int64_t cellBits, int64_t dacBits);

} // namespace pumice::neon

#endif // PUMICE_LIB_NEON_FIT_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FitTargets.h - What a net or a table approximates --------*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_NONLINEAR_FITTARGETS_H
#define PUMICE_LIB_TRANSFORMS_NONLINEAR_FITTARGETS_H

#include "lib/Model/Core/FunctionTable.h"
#include "lib/Neon/Fit.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace pumice {

/// Computes a function of one number at points; fails if it cannot.
using Sampler = llvm::function_ref<llvm::Error(llvm::ArrayRef<float> x,
                                               llvm::MutableArrayRef<float> y)>;

/// A function on a domain, ready to be fitted.
struct FitTarget {
  neon::Target target;
  std::optional<model::FunctionTable::Reduction> reduction;
  /// Largest change of the function within half a step of an input: what
  /// rounding the input costs, where the function is monotone in between.
  double rounding = 0;
  double range = 0; ///< of the values
};

/// The reduction of `function` by powers of two, if it has one.
llvm::Expected<std::optional<model::FunctionTable::Reduction>>
findReduction(Sampler function);

/// The function from `low` to `high`, rounded outwards to an eighth of their
/// order of magnitude. Where the function is a straight line up to half an
/// output step, the domain ends, or is continued to it, and the line follows.
/// Fails if the function is not finite in the domain.
llvm::Expected<FitTarget> makeTarget(Sampler function, double low, double high,
                                     int64_t inputBits, int64_t outputBits);

/// The function on [1, base).
llvm::Expected<FitTarget>
makeTarget(Sampler function, const model::FunctionTable::Reduction &reduction,
           int64_t inputBits);

/// A table of results.
struct FittedTable {
  neon::Format input, output;
  std::vector<int32_t> results; ///< integers of the output's format
  neon::Errors errors;          ///< of its own inputs, but for the largest
  double largest = 0;           ///< error, with that of rounding the input
};

/// A table with the narrowest input that keeps `bound`, or with the target's
/// if none does or `bound` is 0.
FittedTable makeTable(const FitTarget &target, int64_t outputBits,
                      double bound);

/// The goal of a fit: `bound` less what rounding an input costs, or eight steps
/// of the output if `bound` is 0.
neon::Options optionsFor(const FitTarget &target, double bound,
                         neon::Options options);

/// The largest error, with that of rounding the input, of results for all
/// inputs, given in the format `output`.
double largestError(const FitTarget &target, const neon::Format &output,
                    llvm::ArrayRef<int32_t> results);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_NONLINEAR_FITTARGETS_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Matchers.h - Matching nonlinear functions ----------------*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_NONLINEAR_MATCHERS_H
#define PUMICE_LIB_TRANSFORMS_NONLINEAR_MATCHERS_H

#include "dialects/PUM/PUM.h"
#include "lib/Transforms/Nonlinear/Arithmetic.h"

namespace pumice {

/// The function that the root of a view computes.
struct NonlinearMatch {
  pum::NonlinearKind kind = pum::NonlinearKind::elementwise;
  mlir::Value argument;                  ///< the argument of the function
  llvm::SmallVector<int64_t> dimensions; ///< of `argument`
  llvm::SmallVector<std::pair<llvm::StringRef, double>> parameters;
};

/// Matches functions that consist of several ops: softmax, norms, activations,
/// pools.
std::optional<NonlinearMatch> matchSubroutine(arithmetic::View &view);

/// Matches functions that a single op may contain: exp, sqrt, reciprocal, ...
std::optional<NonlinearMatch> matchFunction(arithmetic::View &view);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_NONLINEAR_MATCHERS_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Whole.h - Nets of whole vectors --------------------------*- C++ -*-===//
//
// A net with as many inputs and outputs as a vector is long, as in the paper.
// For comparison: its outputs lie in a space of as many dimensions as its last
// hidden layer is wide, whatever the training.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_NEON_WHOLE_H
#define PUMICE_LIB_NEON_WHOLE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <vector>

namespace pumice::neon {

struct WholeOptions {
  std::vector<int64_t> hidden = {128}; ///< widths of the hidden layers
  int64_t bits = 16;                   ///< of weights and hidden values
  uint64_t seed = 0;
  /// Also of nets that explain less than 99 % of the variance.
  bool isForced = false;
};

/// Errors on the last fifth of the rows, which the fit does not see.
struct WholeFit {
  double mse = 0;
  double nmse = 0;        ///< over the variance of the target about its mean
  double constantMse = 0; ///< of the target's mean
  double argmaxKept = 0;  ///< part of the rows whose largest output stays
  /// nmse that no net with so wide a last hidden layer and a linear output
  /// layer gets below on these rows: what principal components leave.
  double bound = 0;
};

/// Hidden layers of random weights and an output layer by least squares, the
/// best of several scales; rounded to `bits` bits with a scale per column.
/// `x` and `y` are `rows` times `inputs` and `outputs`, one row after the
/// other. Fails if a size is out of range, or if the net explains less than 99
/// % of the variance and is not forced.
llvm::Expected<WholeFit> fitWhole(llvm::ArrayRef<double> x,
                                  llvm::ArrayRef<double> y, int64_t rows,
                                  const WholeOptions &options);

} // namespace pumice::neon

#endif // PUMICE_LIB_NEON_WHOLE_H

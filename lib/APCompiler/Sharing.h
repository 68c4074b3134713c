// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Sharing.h - Sums that several outputs have in common -----*- C++ -*-===//
#ifndef PUMICE_LIB_APCOMPILER_SHARING_H
#define PUMICE_LIB_APCOMPILER_SHARING_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace pumice::apcompiler {

/// A source that is added or subtracted. Sources are the inputs of a channel
/// set, then its shared sums.
struct Term {
  int32_t source;
  bool isNegative;
};

/// first + second, or first - second.
struct SharedSum {
  int32_t first, second;
  bool isDifference;
};

/// The terms that each output adds to its accumulator, for one channel set.
struct Expressions {
  int64_t inputs = 0;
  std::vector<SharedSum> shared; ///< source `inputs + i` is shared[i]
  std::vector<std::vector<Term>> outputs;

  /// Number of additions and subtractions, including those to accumulators.
  int64_t additions() const;
};

/// The expressions of a matrix [outputs][inputs] of -1, 0 and 1. The most
/// frequent two-term sums, up to sign, are computed once, as long as a sum
/// occurs twice and there are fewer than `mostShared`. Small matrices are tried
/// up to `mostTries` times. Deterministic.
Expressions share(llvm::ArrayRef<int8_t> matrix, int64_t outputs,
                  int64_t inputs, int64_t mostShared, int64_t mostTries = 8);

/// Lower bound for the additions with any sharing of sums: one for each nonzero
/// output, and one for each output with two or more terms that differs from all
/// others up to sign.
int64_t fewestAdditions(llvm::ArrayRef<int8_t> matrix, int64_t outputs,
                        int64_t inputs);

} // namespace pumice::apcompiler

#endif // PUMICE_LIB_APCOMPILER_SHARING_H

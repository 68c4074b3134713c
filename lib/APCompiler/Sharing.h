// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Sharing.h - Sums that several outputs have in common -----*- C++ -*-===//
#ifndef PUMICE_LIB_APCOMPILER_SHARING_H
#define PUMICE_LIB_APCOMPILER_SHARING_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace pumice::apcompiler {

/// A source, added or subtracted. Sources are the inputs of a tile, then its
/// shared sums.
struct Term {
  int32_t source;
  bool isNegative;
};

/// first + second, or first - second.
struct SharedSum {
  int32_t first, second;
  bool isDifference;
};

/// What each output adds to its accumulator, for one tile of inputs.
struct Expressions {
  int64_t inputs = 0;
  std::vector<SharedSum> shared; ///< source `inputs + i` is shared[i]
  std::vector<std::vector<Term>> outputs;

  /// Additions and subtractions, those to accumulators included.
  int64_t additions() const;
};

/// The expressions of a matrix [outputs][inputs] of -1, 0 and 1. Two-term sums
/// that occur most, up to sign, are computed once, as long as one occurs twice
/// and there are fewer than `mostShared`. Deterministic.
Expressions share(llvm::ArrayRef<int8_t> matrix, int64_t outputs,
                  int64_t inputs, int64_t mostShared);

/// Additions that no sharing of sums gets below: one for each output that is
/// not 0, and one for each output with two terms or more that is not another
/// one up to sign.
int64_t fewestAdditions(llvm::ArrayRef<int8_t> matrix, int64_t outputs,
                        int64_t inputs);

} // namespace pumice::apcompiler

#endif // PUMICE_LIB_APCOMPILER_SHARING_H

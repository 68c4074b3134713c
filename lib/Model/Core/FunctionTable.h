// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FunctionTable.h - A function of one number, by its values -*- C++ -*-==//
//
// A net or a table on arrays is a function of its input value, of which there
// are at most 2^16. The model computes all of them once and then looks results
// up. The arithmetic is defined in docs/neon.md.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_MODEL_CORE_FUNCTIONTABLE_H
#define PUMICE_LIB_MODEL_CORE_FUNCTIONTABLE_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pumice::model {

struct FunctionTable {
  /// slope * x + offset.
  struct Line {
    double slope = 0, offset = 0;
  };
  /// x = m * base^k with m in [1, base): f(m) * 2^(shift * k) + offset * k.
  struct Reduction {
    int base = 2; ///< 2 or 4
    int shift = 0;
    double offset = 0;
    bool odd = false; ///< f(-x) = -f(x); else numbers below 0 are taken for 0
    double zero = 0;  ///< f(0)
  };

  double low = 0, high = 1;   ///< the domain
  std::vector<double> values; ///< at equidistant numbers of the domain
  std::optional<Line> below, above;
  std::optional<Reduction> reduction;
};

/// y[i] = f(x[i]). Returns how many of `x` are outside of the domain, and NaN;
/// of a function with a reduction, which are not finite, subnormal or 0, or
/// below 0 without being odd. `x` and `y` have one size and do not overlap.
int64_t apply(const FunctionTable &function, llvm::ArrayRef<float> x,
              llvm::MutableArrayRef<float> y, unsigned threads);

} // namespace pumice::model

#endif // PUMICE_LIB_MODEL_CORE_FUNCTIONTABLE_H

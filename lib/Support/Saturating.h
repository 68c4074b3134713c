// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Saturating.h - Counts that stop at the largest number ----*- C++ -*-===//
//
// Counts are never negative and never wrap around: one that is too large for
// int64_t stays at the largest, which Machine::issue refuses.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_SUPPORT_SATURATING_H
#define PUMICE_LIB_SUPPORT_SATURATING_H

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace pumice {

/// The count that stands for all that are too large.
inline constexpr int64_t kSaturated = INT64_MAX;

/// The product of counts.
inline int64_t saturatingProduct(std::initializer_list<int64_t> factors) {
  int64_t product = 1;
  bool isTooLarge = false;
  for (int64_t factor : factors) {
    if (factor <= 0)
      return 0;
    isTooLarge |= llvm::MulOverflow(product, factor, product) != 0;
    if (isTooLarge)
      product = 1; // a later factor may still be 0
  }
  return isTooLarge ? kSaturated : product;
}

/// Adds a count to `sum`.
inline void saturatingAdd(int64_t &sum, int64_t count) {
  if (llvm::AddOverflow(sum, count, sum))
    sum = kSaturated;
}

/// The count nearest to a number.
inline int64_t roundedCount(double number) {
  constexpr double kEnd = 9223372036854775808.0; // 2^63
  if (!(number > 0))
    return 0;
  return number < kEnd ? std::llround(number) : kSaturated;
}

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_SATURATING_H

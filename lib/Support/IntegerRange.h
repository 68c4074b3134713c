// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- IntegerRange.h - Ranges of integers ----------------------*- C++ -*-===//
#ifndef PUMICE_LIB_SUPPORT_INTEGERRANGE_H
#define PUMICE_LIB_SUPPORT_INTEGERRANGE_H

#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cstdint>

namespace pumice {

/// All integers from `low` to `high`, inclusive.
struct IntegerRange {
  int64_t low = 0, high = 0;

  /// All integers of `bits` bits, 1 to 63.
  static IntegerRange ofBits(int64_t bits, bool isSigned) {
    if (isSigned)
      return {-(int64_t(1) << (bits - 1)), (int64_t(1) << (bits - 1)) - 1};
    return {0, (int64_t(1) << bits) - 1};
  }

  IntegerRange operator+(const IntegerRange &other) const {
    return {low + other.low, high + other.high};
  }
  IntegerRange operator-(const IntegerRange &other) const {
    return {low - other.high, high - other.low};
  }
  /// The smallest range that holds both.
  IntegerRange join(const IntegerRange &other) const {
    return {std::min(low, other.low), std::max(high, other.high)};
  }
  bool contains(const IntegerRange &other) const {
    return low <= other.low && other.high <= high;
  }

  /// Fewest bits that hold every number, in two's complement if any is
  /// negative; at least one.
  int64_t bits() const { return low < 0 ? signedBits() : unsignedBits(); }
  /// Fewest bits of numbers that are at least 0; at least one.
  int64_t unsignedBits() const {
    return std::max<int64_t>(1, llvm::bit_width(uint64_t(high)));
  }
  /// Fewest bits in two's complement.
  int64_t signedBits() const {
    return 1 + std::max(llvm::bit_width(uint64_t(low < 0 ? ~low : 0)),
                        llvm::bit_width(uint64_t(high > 0 ? high : 0)));
  }
};

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_INTEGERRANGE_H

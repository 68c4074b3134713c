// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Range.h - What a number may be ---------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_ASSOCIATIVE_RANGE_H
#define PUMICE_LIB_ASSOCIATIVE_RANGE_H

#include <cstdint>

namespace pumice::associative {

/// All integers from `low` to `high`.
struct Range {
  int64_t low = 0, high = 0;

  Range operator+(const Range &other) const {
    return {low + other.low, high + other.high};
  }
  Range operator-(const Range &other) const {
    return {low - other.high, high - other.low};
  }

  /// Fewest bits that hold every number, in two's complement if any is
  /// negative; at least one.
  int64_t bits() const {
    return low < 0 ? signedBits() : bitsOf(high) ? bitsOf(high) : 1;
  }
  /// The same, in two's complement.
  int64_t signedBits() const {
    const int64_t negative = low < 0 ? bitsOf(-(low + 1)) : 0;
    const int64_t positive = high > 0 ? bitsOf(high) : 0;
    return 1 + (negative > positive ? negative : positive);
  }

private:
  static int64_t bitsOf(int64_t number) {
    int64_t bits = 0;
    for (; number > 0; number >>= 1)
      ++bits;
    return bits;
  }
};

/// The codes of `bits` bits.
inline Range rangeOfCodes(int64_t bits, bool isSigned) {
  if (isSigned)
    return {-(int64_t(1) << (bits - 1)), (int64_t(1) << (bits - 1)) - 1};
  return {0, (int64_t(1) << bits) - 1};
}

} // namespace pumice::associative

#endif // PUMICE_LIB_ASSOCIATIVE_RANGE_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- QuantizedFormat.h - How an operand is quantized ----------*- C++ -*-===//
#ifndef PUMICE_DIALECTS_CROSSBAR_QUANTIZEDFORMAT_H
#define PUMICE_DIALECTS_CROSSBAR_QUANTIZEDFORMAT_H

#include <cstdint>

namespace pumice::crossbar {

/// The format of one quantized operand of a product: integers of `bits` bits,
/// two's complement if `isSigned`, that stand for `integer - zeroPoint`.
struct QuantizedFormat {
  unsigned bits;
  bool isSigned;
  int64_t zeroPoint;

  int64_t min() const { return isSigned ? -(int64_t(1) << (bits - 1)) : 0; }
  int64_t max() const {
    return (int64_t(1) << (isSigned ? bits - 1 : bits)) - 1;
  }
  /// Largest magnitude of `integer - zeroPoint`.
  uint64_t magnitude() const;
};

} // namespace pumice::crossbar

#endif // PUMICE_DIALECTS_CROSSBAR_QUANTIZEDFORMAT_H

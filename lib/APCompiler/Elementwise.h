// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Elementwise.h - Feature maps to microprograms ------------*- C++ -*-===//
//
// Computations on quantized values between layers: maximum poolings and
// functions of weighted sums, such as residual additions. As many channels as
// fit lie side by side and form an output block.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_APCOMPILER_ELEMENTWISE_H
#define PUMICE_LIB_APCOMPILER_ELEMENTWISE_H

#include "lib/Model/AP/Microprogram.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include "llvm/Support/Error.h"

#include <cstdint>
#include <vector>

namespace pumice::apcompiler {

/// The maximum of `kernelPositions` quantized values of each channel.
struct Pooling {
  int64_t channels = 1;
  int64_t kernelPositions = 1;
  int64_t bits = 8;
  bool isSigned = false;
};

/// For channel c of two tensors: codes[c][t], where `t` is the number of
/// thresholds[c] that factors[0] * a + factors[1] * b reaches. Thresholds are
/// [channels][steps] and ascend; codes are [channels][steps + 1]. Channels of
/// `b` follow those of `a`.
struct WeightedSum {
  int64_t channels = 1;
  int64_t bits = 8; ///< of the quantized values a and b
  bool isSigned = false;
  int64_t factors[2] = {1, 1};
  int64_t steps = 0;
  std::vector<int64_t> thresholds;
  std::vector<int8_t> codes;
};

/// The digits -1, 0 and 1 of `number` with the fewest nonzero digits, least
/// significant first.
std::vector<int8_t> signedDigits(int64_t number);

/// Values lie across columns, where nothing shifts, if there are enough columns
/// and `mayBeAcross`. Fail if the processors are too small; the error gives the
/// largest size that fits.
llvm::Expected<model::APMicroprogram> compile(const Pooling &pooling,
                                              const model::APSpec &ap,
                                              bool mayBeAcross = true);
llvm::Expected<model::APMicroprogram> compile(const WeightedSum &sum,
                                              const model::APSpec &ap,
                                              bool mayBeAcross = true);

} // namespace pumice::apcompiler

#endif // PUMICE_LIB_APCOMPILER_ELEMENTWISE_H

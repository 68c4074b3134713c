// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Elementwise.h - Feature maps to associative programs -----*- C++ -*-===//
//
// What is computed of codes between layers: maximum poolings, and functions of
// weighted sums, as residual additions are. Channels are side by side, as many
// as fit, and a chunk for each of these.
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

/// The greatest of `kernelPositions` codes of each channel.
struct Pooling {
  int64_t channels = 1;
  int64_t kernelPositions = 1;
  int64_t bits = 8;
  bool isSigned = false;
};

/// Of channel c of two tensors: codes[c][t] with the number `t` of
/// thresholds[c] that factors[0] * a + factors[1] * b reaches.
/// [channels][steps], ascending, and [channels][steps + 1]. Channels of `b`
/// follow those of `a`.
struct WeightedSum {
  int64_t channels = 1;
  int64_t bits = 8; ///< of the codes a and b
  bool isSigned = false;
  int64_t factors[2] = {1, 1};
  int64_t steps = 0;
  std::vector<int64_t> thresholds;
  std::vector<int8_t> codes;
};

/// Digits of -1, 0 and 1, the fewest that are not 0, least significant first.
std::vector<int8_t> signedDigits(int64_t number);

/// Fail if the processors are too small, with what would fit.
llvm::Expected<model::APMicroprogram> compile(const Pooling &pooling,
                                              const model::APSpec &ap);
llvm::Expected<model::APMicroprogram> compile(const WeightedSum &sum,
                                              const model::APSpec &ap);

} // namespace pumice::apcompiler

#endif // PUMICE_LIB_APCOMPILER_ELEMENTWISE_H

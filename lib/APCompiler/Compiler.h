// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Compiler.h - Ternary layers to associative programs ------*- C++ -*-===//
//
// The compiler's core: a layer with weights of -1, 0 and 1 becomes a program
// (docs/ap.md). Plain C++; the result does not depend on the number of threads.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_APCOMPILER_COMPILER_H
#define PUMICE_LIB_APCOMPILER_COMPILER_H

#include "lib/Model/AP/Microprogram.h"
#include "lib/Model/Machine/DeviceSpec.h"
#include "lib/Support/IntegerRange.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pumice::apcompiler {

/// A convolution or a matrix product.
struct Layer {
  int64_t groups = 1;
  int64_t channels = 1; ///< of the input, all groups
  int64_t outputs = 1;  ///< all groups
  int64_t kernelPositions = 1;
  int64_t inputBits = 8;
  bool inputSigned = false;
  int64_t inputZeroPoint = 0;
  int64_t windows = 1; ///< output positions; a hint for what costs most
  /// [outputs][channels / groups][kernelPositions], each -1, 0 or 1.
  llvm::ArrayRef<int8_t> weights;
  /// If results are codes: output `o` is codes[o][t] with the number `t` of
  /// thresholds[o] that its sum reaches. [outputs][steps], ascending, and
  /// [outputs][steps + 1].
  int64_t steps = 0;
  std::vector<int64_t> thresholds;
  std::vector<int8_t> codes;
};

/// What the sum of an output may be.
IntegerRange sumRange(const Layer &layer, int64_t output);

struct Options {
  unsigned threads = 1;
  bool share = true;             ///< sums that several outputs have in common
  std::optional<int64_t> lanes;  ///< channels side by side; none: by cost
  std::optional<int64_t> spread; ///< processors for a chunk; none: by cost
  std::optional<int64_t> chunks; ///< parts of the outputs; none: by cost
  std::optional<int64_t> processors; ///< of the device; none: unlimited
};

struct Statistics {
  int64_t nonzeros = 0;  ///< additions without sharing
  int64_t additions = 0; ///< additions and subtractions of the program
  int64_t shared = 0;    ///< of these, sums that outputs share
  int64_t fewest = 0;    ///< what no sharing within tiles gets below
};

/// Fails if weights are not ternary, an input has no or more than 8 bits, the
/// zero point is no code, or the processors are too small: then the error says
/// what would fit.
llvm::Expected<model::APMicroprogram> compile(const Layer &layer,
                                              const model::APSpec &ap,
                                              const Options &options,
                                              Statistics *statistics = nullptr);

} // namespace pumice::apcompiler

#endif // PUMICE_LIB_APCOMPILER_COMPILER_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Compiler.h - Ternary layers to microprograms -------------*- C++ -*-===//
//
// The compiler's core: turns a layer with weights of -1, 0 and 1 into a
// microprogram (docs/ap.md). Plain C++; the result does not depend on the
// number of threads.
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
  int64_t windows = 1; ///< output positions; a hint for the cost model
  /// [outputs][channels / groups][kernelPositions], each -1, 0 or 1.
  llvm::ArrayRef<int8_t> weights;
  /// If results are quantized values: output `o` is codes[o][t], where `t` is
  /// the number of thresholds[o] that its sum reaches. Thresholds are
  /// [outputs][steps] and ascend; codes are [outputs][steps + 1].
  int64_t steps = 0;
  std::vector<int64_t> thresholds;
  std::vector<int8_t> codes;
};

/// The range of the sum of an output.
IntegerRange sumRange(const Layer &layer, int64_t output);

/// Where the bits of inputs and accumulators lie.
enum class ValueLayout {
  along, ///< along a racetrack, channels side by side and one after the other
  across ///< across columns, channels and accumulators along racetracks
};

struct Options {
  unsigned threads = 1;
  bool share = true; ///< compute sums that several outputs have in common once
  // If absent, chosen by cost.
  std::optional<ValueLayout> layout;   ///< by energy
  std::optional<int64_t> lanes;        ///< interleaved channels
  std::optional<int64_t> spread;       ///< processors per output block
  std::optional<int64_t> outputBlocks; ///< number of output blocks
  /// Processors of the device; if absent, unlimited.
  std::optional<int64_t> processors;
};

struct Statistics {
  int64_t nonzeros = 0;  ///< additions without sharing
  int64_t additions = 0; ///< additions and subtractions in the microprogram
  int64_t shared = 0;    ///< of these, sums that outputs share
  int64_t fewest = 0;    ///< lower bound for any sharing within channel sets
};

/// Fails if weights are not ternary, inputs do not have 1 to 8 bits, the zero
/// point is out of range, or the processors are too small. In the last case,
/// the error gives the largest size that fits.
llvm::Expected<model::APMicroprogram> compile(const Layer &layer,
                                              const model::APSpec &ap,
                                              const Options &options,
                                              Statistics *statistics = nullptr);

} // namespace pumice::apcompiler

#endif // PUMICE_LIB_APCOMPILER_COMPILER_H

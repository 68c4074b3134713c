// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Epilogue.h - Operations of epilogues ---------------------*- C++ -*-===//
//
// The ops after a layer (bias, activation, requantization) as a step function
// of its sum, and the operations that compute this function.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_APCOMPILER_EPILOGUE_H
#define PUMICE_LIB_APCOMPILER_EPILOGUE_H

#include "lib/Model/AP/Microprogram.h"
#include "lib/Support/IntegerRange.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace pumice::apcompiler {

/// A step function: codes[t] for sums that reach `t` of the thresholds.
struct StepFunction {
  std::vector<int64_t> thresholds; ///< strictly ascending
  std::vector<int8_t> codes;       ///< one more; neighbours differ

  /// The restriction of a step function to sums in a range.
  static StepFunction within(IntegerRange sums,
                             llvm::ArrayRef<int64_t> thresholds,
                             llvm::ArrayRef<int8_t> codes);
  /// Number of columns that the operations of an output need.
  int64_t flags() const { return int64_t(thresholds.size()) + 1; }
};

/// The concatenated thresholds (`steps` per function) and codes (one more per
/// function), padded with thresholds that no sum reaches.
std::pair<std::vector<int64_t>, std::vector<int8_t>>
toArrays(llvm::ArrayRef<StepFunction> stepFunctions, size_t steps);

/// Width and signedness of quantized values.
struct Codes {
  int64_t bits = 0;
  bool isSigned = false;

  /// The smallest width that holds all values; 0 bits without functions.
  static Codes holding(llvm::ArrayRef<StepFunction> stepFunctions);
};

/// The bundles that turn the accumulators of `block`, one step function each,
/// into quantized values of the microprogram's width, in the first domains of
/// their slots. A comparison with each threshold leaves a flag in a column
/// without accumulators; results are assembled from flags, bit by bit. As many
/// outputs are processed together as there are columns for flags. `isDown`:
/// from the last accumulators to the first ones.
std::vector<model::APBundle>
emitEpilogue(const model::APMicroprogram &program,
             const model::APOutputBlock &block,
             llvm::ArrayRef<StepFunction> stepFunctions, bool isDown = false);

} // namespace pumice::apcompiler

#endif // PUMICE_LIB_APCOMPILER_EPILOGUE_H

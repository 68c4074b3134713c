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
struct Staircase {
  std::vector<int64_t> thresholds; ///< strictly ascending
  std::vector<int8_t> codes;       ///< one more; neighbours differ

  /// The part of a function that sums in a range can reach.
  static Staircase within(IntegerRange sums, llvm::ArrayRef<int64_t> thresholds,
                          llvm::ArrayRef<int8_t> codes);
  /// Number of columns that its operations need.
  int64_t flags() const { return int64_t(thresholds.size()) + 1; }
};

/// The concatenated thresholds (`steps` each) and codes (one more each) of all
/// functions, padded with thresholds that no sum reaches.
std::pair<std::vector<int64_t>, std::vector<int8_t>>
toArrays(llvm::ArrayRef<Staircase> staircases, size_t steps);

/// A width of quantized values.
struct Codes {
  int64_t bits = 0;
  bool isSigned = false;

  /// The smallest width that holds all values; 0 bits without functions.
  static Codes holding(llvm::ArrayRef<Staircase> staircases);
};

/// The bundles that turn the accumulators of `chunk`, one step function each,
/// into quantized values of the microprogram's width, in the first domains of
/// their slots. A comparison with each threshold leaves a flag in a column
/// without accumulators; results are assembled from flags, bit by bit. As many
/// outputs are processed together as there are columns for flags.
std::vector<model::APBundle> emitEpilogue(const model::APMicroprogram &program,
                                          const model::APChunk &chunk,
                                          llvm::ArrayRef<Staircase> staircases);

} // namespace pumice::apcompiler

#endif // PUMICE_LIB_APCOMPILER_EPILOGUE_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Epilogue.h - From sums to codes --------------------------*- C++ -*-===//
//
// What follows a layer (bias, activation, requantization) as a function of its
// sum that is constant but for a few steps, and the operations that compute it.
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

/// codes[t] for sums that reach `t` of the thresholds.
struct Staircase {
  std::vector<int64_t> thresholds; ///< strictly ascending
  std::vector<int8_t> codes;       ///< one more; neighbours differ

  /// That part of a function that sums of a range can meet.
  static Staircase within(IntegerRange sums, llvm::ArrayRef<int64_t> thresholds,
                          llvm::ArrayRef<int8_t> codes);
  /// Columns that its operations need.
  int64_t flags() const { return int64_t(thresholds.size()) + 1; }
};

/// Thresholds and codes of all, one after the other, with `steps` and one more
/// of each: thresholds that no sum reaches fill up.
std::pair<std::vector<int64_t>, std::vector<int8_t>>
toArrays(llvm::ArrayRef<Staircase> staircases, size_t steps);

/// A width for codes.
struct Codes {
  int64_t bits = 0;
  bool isSigned = false;

  /// The least that holds all; none without staircases.
  static Codes holding(llvm::ArrayRef<Staircase> staircases);
};

/// Groups that turn the accumulators of `chunk`, of which each has a staircase,
/// into codes of the program's width, in the first domains of their slots. A
/// comparison with each threshold leaves a flag in a column that holds no
/// accumulators; codes are assembled from flags, bit by bit. As many outputs
/// go together as have flags beside each other.
std::vector<model::APBundle> emitEpilogue(const model::APMicroprogram &program,
                                          const model::APChunk &chunk,
                                          llvm::ArrayRef<Staircase> staircases);

} // namespace pumice::apcompiler

#endif // PUMICE_LIB_APCOMPILER_EPILOGUE_H

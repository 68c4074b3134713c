// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CodeRange.h - Ranges of quantized values -----------------*- C++ -*-===//
#ifndef PUMICE_LIB_ANALYSIS_CODERANGE_H
#define PUMICE_LIB_ANALYSIS_CODERANGE_H

#include "lib/Support/IntegerRange.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <optional>

namespace pumice {

/// All quantized values of an integer type.
IntegerRange rangeOfType(mlir::Type type, bool isUnsigned);

/// `toInteger(min(max(value, low), high))` as what a generic yields.
struct ClampToInteger {
  mlir::Value value;
  IntegerRange range;
  bool isUnsigned = false;
};
std::optional<ClampToInteger> matchClamp(mlir::linalg::GenericOp op);

/// The range of the quantized values in `value`, which are unsigned with
/// `isUnsigned`: from the clamp of the op that quantizes them, from the data of
/// a constant, or from their type; through data movement ops, concatenations
/// and maximum poolings.
///
/// This walks up on demand instead of running MLIR's dataflow solver: passes
/// ask while they rewrite, which would invalidate the solver's states, and the
/// walk ends at the nearest quantize.
IntegerRange rangeOfCodes(mlir::Value value, bool isUnsigned);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_CODERANGE_H

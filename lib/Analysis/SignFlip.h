// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SignFlip.h - Unsigned weights as signed ones -------------*- C++ -*-===//
//
// Arrays hold signed weights. Unsigned weights q of b bits become the signed
// q - 2^(b-1), whose bits are those of q but for the highest, around a zero
// point that is 2^(b-1) less.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_ANALYSIS_SIGNFLIP_H
#define PUMICE_LIB_ANALYSIS_SIGNFLIP_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace pumice {

/// What flipping the sign of values of the element type of `value` takes from
/// them, and from their zero point: 2^(b-1).
int64_t signFlipOffset(mlir::Value value);

/// `value`, a tensor of unsigned values, as signed ones less `signFlipOffset`.
mlir::Value flipSign(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value value);

/// The unsigned values that `value` is the `flipSign` of, or null.
mlir::Value unflippedSign(mlir::Value value);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_SIGNFLIP_H

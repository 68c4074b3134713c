// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Constants.h - Facts about constants ----------------------*- C++ -*-===//
//
// Questions that passes ask about constants; lib/Support/ConstantData.h reads
// their elements.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_ANALYSIS_CONSTANTS_H
#define PUMICE_LIB_ANALYSIS_CONSTANTS_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace pumice {

/// The number that a constant of a float type is, rounded to f32.
std::optional<float> floatScalar(mlir::Value value);

/// The integer that all elements of a constant `value` have, if they are equal
/// and the data is available.
std::optional<int64_t> uniformInteger(mlir::Value value);

/// The f32 data of a constant of rank 1, if it is available.
std::optional<llvm::SmallVector<float>> floatData(mlir::Value value);

/// The i64 data of a constant, if it is available.
std::optional<llvm::SmallVector<int64_t>> integerData(mlir::Value value);

/// True for arith.constant behind any number of data movement ops.
bool isConstantData(mlir::Value value);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_CONSTANTS_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DataMovement.h - Data movement ops -----------------------*- C++ -*-===//
//
// Ops that move elements without computing new ones: pads by 0.0, reshapes,
// transposes, broadcasts, slices, insertions into zeros, and generics that
// select elements by position (upsampling, flips, gathers). They can be applied
// to quantized values instead of reals.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_ANALYSIS_DATAMOVEMENT_H
#define PUMICE_LIB_ANALYSIS_DATAMOVEMENT_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <optional>

namespace pumice {

/// The type of `type` with `element` as its elements.
mlir::RankedTensorType withElement(mlir::Type type, mlir::Type element);

/// True for a float tensor of zeros: a fill or a constant.
bool isZeroTensor(mlir::Value value);

/// The tensor whose elements `op` moves, possibly adding zeros; null if `op`
/// does anything else.
mlir::Value movedFrom(mlir::Operation *op);

/// True for a data movement op whose result has more elements than its source,
/// not counting zeros: a broadcast, upsampling.
bool isRepetition(mlir::Operation *move);

/// Clones `move` for the quantized values `codes` in place of its own source;
/// `zero` stands for 0.0.
mlir::Value repeatMove(mlir::OpBuilder &builder, mlir::Operation *move,
                       mlir::Value codes, int64_t zero);

/// The dimensions of the result that correspond to `dims` of the source, in
/// row-major order, without dimensions of one element. Returns nullopt if
/// `move` mixes them with others.
std::optional<llvm::SmallVector<unsigned>>
moveDims(mlir::Operation *move, llvm::ArrayRef<unsigned> dims);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_DATAMOVEMENT_H

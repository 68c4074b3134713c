// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DataMovement.h - Ops that only move elements -------------*- C++ -*-===//
//
// Pads by 0.0, reshapes, transposes, broadcasts, slices, insertions into zeros
// and generics that pick elements by their place (upsampling, flips, gathers):
// what they do to numbers they can do to codes.
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

/// The tensor whose elements `op` moves (and adds zeros to, at most); null when
/// it does anything else.
mlir::Value movedFrom(mlir::Operation *op);

/// True for a move whose result has more elements than its source, not counting
/// zeros: a broadcast, upsampling.
bool isRepetition(mlir::Operation *move);

/// `move` again, on `codes` in place of its own source; `zero` stands for 0.0.
mlir::Value repeatMove(mlir::OpBuilder &builder, mlir::Operation *move,
                       mlir::Value codes, int64_t zero);

/// Dimensions of a move's result that run as `dims`, in row-major order, of its
/// source do; dimensions of one element are left out. None when it mixes them
/// with others.
std::optional<llvm::SmallVector<unsigned>>
moveDims(mlir::Operation *move, llvm::ArrayRef<unsigned> dims);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_DATAMOVEMENT_H

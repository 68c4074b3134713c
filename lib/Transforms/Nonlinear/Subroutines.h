// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Subroutines.h - Nonlinear subroutines of a block ---------*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_NONLINEAR_SUBROUTINES_H
#define PUMICE_LIB_TRANSFORMS_NONLINEAR_SUBROUTINES_H

#include "dialects/PUM/PUM.h"
#include "llvm/ADT/SetVector.h"

namespace pumice {

/// Ops of a block that compute one nonlinear function: a region to be.
struct Subroutine {
  pum::NonlinearKind kind;
  mlir::Value result, argument;
  llvm::SetVector<mlir::Operation *> ops; ///< in the order of the block
  llvm::SmallVector<int64_t> dimensions;  ///< of `argument`
  llvm::SmallVector<mlir::NamedAttribute> parameters;
};

/// The subroutines of a block, last first. None shares an op with another.
llvm::SmallVector<Subroutine> findSubroutines(mlir::Block &block);

/// Ops that a region gets a copy of.
bool isRepeatedInRegion(mlir::Operation *op);

/// Calls `callback` with the operands of `op` and of the ops nested in it that
/// are defined in `block`.
void forEachOperand(mlir::Operation *op, mlir::Block &block,
                    llvm::function_ref<void(mlir::Value)> callback);

/// The values that the ops of `region` read from outside, in order.
llvm::SetVector<mlir::Value> operandsOf(const Subroutine &region,
                                        mlir::Block &block);

/// Results that are read outside of the region, the function's value first.
llvm::SmallVector<mlir::Value> resultsOf(const Subroutine &region,
                                         mlir::Block &block);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_NONLINEAR_SUBROUTINES_H

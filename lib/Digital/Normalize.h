// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Normalize.h - What the digital compiler takes ------------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_NORMALIZE_H
#define PUMICE_LIB_DIGITAL_NORMALIZE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"

namespace pumice::digital {

/// An error that begins with the location of `op`.
llvm::Error errorAt(mlir::Operation *op, const llvm::Twine &message);

/// Fails if `function` is not one block of ops that can be compiled.
llvm::Error checkOps(mlir::func::FuncOp function);

/// One function for all functions that share code.
struct NormalForm {
  mlir::OwningOpRef<mlir::func::FuncOp> function;
  /// Its trailing arguments.
  llvm::SmallVector<mlir::ElementsAttr> constants;
};

/// Makes the normal form of a copy of `function`. Constants and parameters
/// become trailing arguments (so that functions that differ only in them share
/// code and big ones never pass through LLVM), splats become fills, scalars of
/// the signature 0-d tensors, and reshapes of results disappear (same bytes).
/// Fails if a type is none of static tensors and scalars.
llvm::Expected<NormalForm> normalize(mlir::func::FuncOp function);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_NORMALIZE_H

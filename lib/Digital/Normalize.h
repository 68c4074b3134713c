// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Normalize.h - Input of the digital compiler --------------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_NORMALIZE_H
#define PUMICE_LIB_DIGITAL_NORMALIZE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"

namespace pumice::digital {

/// An error that begins with the location of `op`.
llvm::Error errorAt(mlir::Operation *op, const llvm::Twine &message);

/// Fails if `function` is not one block of ops that can be compiled.
llvm::Error checkOps(mlir::func::FuncOp function);

/// The normal form that functions with common code share.
struct NormalForm {
  mlir::OwningOpRef<mlir::func::FuncOp> function;
  /// Its trailing arguments.
  llvm::SmallVector<mlir::ElementsAttr> constants;
};

/// Creates the normal form of a copy of `function`. Constants and parameters
/// become trailing arguments, so that functions that differ only in them share
/// code and large constants do not pass through LLVM. Splats become fills,
/// scalars of the signature become 0-d tensors, and reshapes of results
/// disappear. Fails on types other than static tensors and scalars.
llvm::Expected<NormalForm> normalize(mlir::func::FuncOp function);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_NORMALIZE_H

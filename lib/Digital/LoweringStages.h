// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- LoweringStages.h - The three stages of the lowering ------*- C++ -*-===//
//
// The stages that Lowering.cpp runs; private to it.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DIGITAL_LOWERINGSTAGES_H
#define PUMICE_LIB_DIGITAL_LOWERINGSTAGES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace pumice::digital {

// Attributes of the lowered module: dictionaries with an entry per function.
inline constexpr llvm::StringLiteral kScratch("pumice.scratch");
inline constexpr llvm::StringLiteral kAsserts("pumice.asserts");

template <typename Derived>
using FunctionPass =
    mlir::PassWrapper<Derived, mlir::OperationPass<mlir::func::FuncOp>>;

/// Simplifies and fuses ops on tensors, before bufferization.
void addTensorStage(mlir::OpPassManager &passes, bool expandMath);
/// Bufferizes and converts to loops over buffers, all of which are arguments.
void addBufferStage(mlir::OpPassManager &passes);
/// Lowers loops to the LLVM dialect.
void addLLVMStage(mlir::OpPassManager &passes);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_LOWERINGSTAGES_H

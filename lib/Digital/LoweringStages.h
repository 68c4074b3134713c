// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- LoweringStages.h - The three stages of the lowering ------*- C++ -*-===//
//
// The stages that Lowering.cpp runs; private to it.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_DIGITAL_LOWERINGSTAGES_H
#define PUMICE_LIB_DIGITAL_LOWERINGSTAGES_H

#include "lib/Digital/Lowering.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

#include <memory>

namespace pumice::digital {

// Attributes of the lowered module: dictionaries with an entry per function.
inline constexpr llvm::StringLiteral kScratch("pumice.scratch");
inline constexpr llvm::StringLiteral kAsserts("pumice.asserts");
/// On a cf.assert of a comparison: the left operand is part of its report.
inline constexpr llvm::StringLiteral kReportsIndex("pumice.reports_index");

template <typename Derived>
using FunctionPass =
    mlir::PassWrapper<Derived, mlir::OperationPass<mlir::func::FuncOp>>;

/// Simplifies and fuses ops on tensors, before bufferization.
void addTensorStage(mlir::OpPassManager &passes,
                    const LoweringOptions &options);
/// Bufferizes and converts to loops over buffers, all of which are arguments.
void addBufferStage(mlir::OpPassManager &passes,
                    const LoweringOptions &options);
/// Lowers loops to the LLVM dialect.
void addLLVMStage(mlir::OpPassManager &passes);

std::unique_ptr<mlir::Pass> createRemoveEmptyTensorsPass();

// What makes the behaviour of a function defined for every input: Guards.cpp
// and CheckAccesses.cpp.

/// Whether `op` writes every element of its result for `init`.
bool writesAll(mlir::linalg::LinalgOp op, mlir::OpOperand &init);
/// Takes from `op` flags that make its result poison for some operands.
void dropPromises(mlir::Operation *op);
std::unique_ptr<mlir::Pass> createZeroUninitialisedPass();
std::unique_ptr<mlir::Pass> createGuardTrapsPass();
std::unique_ptr<mlir::Pass> createDefineConversionsPass();
std::unique_ptr<mlir::Pass> createDropPromisesPass();
std::unique_ptr<mlir::Pass> createCheckAccessesPass();

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_LOWERINGSTAGES_H

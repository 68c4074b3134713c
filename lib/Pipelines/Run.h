// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Run.h - Runs a pipeline given as text --------------------*- C++ -*-===//
#ifndef PUMICE_LIB_PIPELINES_RUN_H
#define PUMICE_LIB_PIPELINES_RUN_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/JSON.h"

namespace pumice {

/// What the passes on whole modules have counted so far: an object for each
/// pass that counts, by flag, of numbers by name. Passes that are there several
/// times are summed.
llvm::json::Object statisticsOf(mlir::PassManager &manager);

/// Runs `pipeline`, as pumice-opt's --pass-pipeline takes it but without the
/// anchor "builtin.module(...)". Returns the statistics of the passes. Problems
/// in the text go to `errors`, those of passes become diagnostics.
mlir::FailureOr<llvm::json::Object> runPipeline(mlir::ModuleOp module,
                                                llvm::StringRef pipeline,
                                                llvm::raw_ostream &errors);

/// Runs `pipeline` as `runPipeline` does and calls `record` after each pass
/// that changed the module, with the pass's flag and the module's readable text
/// (lib/Analysis/Listing.h). Passes that run on functions one after the other
/// are recorded together, with their flags behind each other.
mlir::LogicalResult recordPipeline(
    mlir::ModuleOp module, llvm::StringRef pipeline, llvm::raw_ostream &errors,
    llvm::function_ref<void(llvm::StringRef flags, llvm::StringRef text)>
        record);

} // namespace pumice

#endif // PUMICE_LIB_PIPELINES_RUN_H

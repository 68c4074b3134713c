// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ProgramFile.h - Files of MLIR ----------------------------*- C++ -*-===//
#ifndef PUMICE_LIB_SUPPORT_PROGRAMFILE_H
#define PUMICE_LIB_SUPPORT_PROGRAMFILE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

namespace pumice {

/// Parses a file of MLIR, text or bytecode. Problems become diagnostics, also
/// where MLIR's parser asserts: a forked child reads the file first. Bytecode
/// has to be as it was written (Seal.h); without a seal it is refused if
/// `isSealed`.
mlir::OwningOpRef<mlir::ModuleOp> parseProgramFile(llvm::StringRef path,
                                                   mlir::MLIRContext *context,
                                                   bool isSealed = false);

/// Writes `module` as sealed bytecode; the file appears whole or not at all.
llvm::Error writeProgramFile(mlir::ModuleOp module, llvm::StringRef path);

} // namespace pumice

#endif // PUMICE_LIB_SUPPORT_PROGRAMFILE_H

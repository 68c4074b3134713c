// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Level.h - Which level of the stack a module is at --------*- C++ -*-===//
#ifndef PUMICE_LIB_ANALYSIS_LEVEL_H
#define PUMICE_LIB_ANALYSIS_LEVEL_H

#include "mlir/IR/BuiltinOps.h"

namespace pumice {

/// Levels of the stack from the highest to the lowest. Modules of linalg and of
/// quantized layers are both `linalg`: they hold the same ops.
enum class Level { tosa, linalg, crossbar, pum, simulator };

llvm::StringRef stringifyLevel(Level level);

/// The lowest level that the module has ops of. A machine program may hold no
/// instruction: the memory spaces of its function tell it apart.
Level levelOf(mlir::ModuleOp module);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_LEVEL_H

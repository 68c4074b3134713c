// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Lowering.h - Tensor functions to the LLVM dialect --------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_LOWERING_H
#define PUMICE_LIB_DIGITAL_LOWERING_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallVector.h"
#include <string>
#include <vector>

namespace pumice::digital {

/// Facts about a lowered function that its caller needs.
struct FunctionFacts {
  /// The size of each temporary buffer in bytes.
  llvm::SmallVector<int64_t> scratch;
  /// The messages of all cf.asserts, by the number that code reports.
  std::vector<std::string> assertMessages;
};

/// Adds the passes that lower a module of functions on static tensors to the
/// LLVM dialect. Each function becomes `f(ptr input..., ptr result..., ptr
/// scratch...)` with row-major buffers that do not overlap; inputs are only
/// read. `expandMath` selects MathExpand instead of libm.
void buildLoweringPipeline(mlir::OpPassManager &passes, bool expandMath);

/// The facts of `function` of a lowered module.
FunctionFacts factsOf(mlir::ModuleOp module, llvm::StringRef function);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_LOWERING_H

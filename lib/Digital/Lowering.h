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

/// What the passes find out about a function besides its code.
struct FunctionFacts {
  /// The bytes of each temporary buffer.
  llvm::SmallVector<int64_t> scratch;
  /// Text of every cf.assert; its index is the number that code reports.
  std::vector<std::string> assertMessages;
};

/// Adds the passes that take a module of functions on static tensors to the
/// LLVM dialect. Each function becomes `f(ptr input..., ptr result...,
/// ptr scratch...)` with row-major buffers that do not overlap; inputs are only
/// read. `expandMath` selects MathExpand over libm.
void buildLoweringPipeline(mlir::OpPassManager &passes, bool expandMath);

/// The facts of `function` of a lowered module.
FunctionFacts factsOf(mlir::ModuleOp module, llvm::StringRef function);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_LOWERING_H

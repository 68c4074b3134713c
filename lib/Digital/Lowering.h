// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Lowering.h - Tensor functions to the LLVM dialect --------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_LOWERING_H
#define PUMICE_LIB_DIGITAL_LOWERING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include <string>
#include <vector>

namespace pumice::digital {

/// What the passes find out besides the code.
struct LoweringResult {
  /// Text of every cf.assert; its index is the number that code reports.
  std::vector<std::string> assertMessages;
  /// Per function, the bytes of each temporary buffer.
  llvm::StringMap<llvm::SmallVector<int64_t>> scratch;
};

/// Adds the passes that take a module of functions on static tensors to the
/// LLVM dialect. Each function becomes `f(ptr input..., ptr result...,
/// ptr scratch...)` with row-major buffers that do not overlap; inputs are only
/// read. `expandMath` selects MathExpand over libm. `result` must live until
/// the passes have run.
void buildLoweringPipeline(mlir::OpPassManager &passes, bool expandMath,
                           LoweringResult &result);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_LOWERING_H

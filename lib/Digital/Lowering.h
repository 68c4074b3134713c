// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Lowering.h - Tensor functions to the LLVM dialect --------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_LOWERING_H
#define PUMICE_LIB_DIGITAL_LOWERING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include <string>
#include <vector>

namespace pumice::digital {

struct LoweringOptions {
  bool expandMath = true; ///< MathExpand, else libm
  /// Receives the text of every cf.assert; its index is the number that
  /// compiled code reports. Not null.
  std::vector<std::string> *assertMessages = nullptr;
};

/// Adds the passes that take a module of functions on static tensors to the
/// LLVM dialect. Each function becomes `f(ptr input..., ptr result...)` with
/// row-major buffers; inputs are only read.
void buildLoweringPipeline(mlir::OpPassManager &passes,
                           const LoweringOptions &options);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_LOWERING_H

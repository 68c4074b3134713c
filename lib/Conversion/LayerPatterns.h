// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- LayerPatterns.h - Converting assigned layers -------------*- C++ -*-===//
#ifndef PUMICE_LIB_CONVERSION_LAYERPATTERNS_H
#define PUMICE_LIB_CONVERSION_LAYERPATTERNS_H

#include "dialects/PUM/PUM.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"
#include <string>

namespace pumice {

/// Applies `patterns`, in no particular order, to the linalg ops of `function`
/// that are assigned to `target`. Fails if one remains; `why` gives the reason.
/// Returns the number of converted layers.
llvm::FailureOr<unsigned>
convertLayers(mlir::func::FuncOp function, LayerTarget target,
              mlir::RewritePatternSet patterns,
              llvm::function_ref<std::string(mlir::linalg::LinalgOp)> why);

} // namespace pumice

#endif // PUMICE_LIB_CONVERSION_LAYERPATTERNS_H

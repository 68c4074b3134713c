// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_NONLINEAR_PASSES_H
#define PUMICE_LIB_TRANSFORMS_NONLINEAR_PASSES_H

#include "dialects/PUM/PUM.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

namespace pumice {
#define GEN_PASS_DECL
#include "lib/Transforms/Nonlinear/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "lib/Transforms/Nonlinear/Passes.h.inc"
} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_NONLINEAR_PASSES_H

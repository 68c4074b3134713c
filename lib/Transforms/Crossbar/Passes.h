// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_CROSSBAR_PASSES_H
#define PUMICE_LIB_TRANSFORMS_CROSSBAR_PASSES_H

#include "dialects/Crossbar/Crossbar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace pumice {
#define GEN_PASS_DECL
#include "lib/Transforms/Crossbar/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "lib/Transforms/Crossbar/Passes.h.inc"
} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_CROSSBAR_PASSES_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_AP_PASSES_H
#define PUMICE_LIB_TRANSFORMS_AP_PASSES_H

#include "dialects/AP/AP.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace pumice {
#define GEN_PASS_DECL
#include "lib/Transforms/AP/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "lib/Transforms/AP/Passes.h.inc"
} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_AP_PASSES_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_TRANSFORMS_SIMULATOR_PASSES_H
#define PUMICE_LIB_TRANSFORMS_SIMULATOR_PASSES_H

#include "dialects/Simulator/Simulator.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace pumice {
#define GEN_PASS_DECL
#include "lib/Transforms/Simulator/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "lib/Transforms/Simulator/Passes.h.inc"
} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_SIMULATOR_PASSES_H

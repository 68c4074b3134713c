// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_PIPELINES_PASSES_H
#define PUMICE_LIB_PIPELINES_PASSES_H

#include "dialects/PUM/PUM.h"
#include "mlir/Pass/Pass.h"

namespace pumice {
#define GEN_PASS_DECL
#include "lib/Pipelines/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "lib/Pipelines/Passes.h.inc"
} // namespace pumice

#endif // PUMICE_LIB_PIPELINES_PASSES_H

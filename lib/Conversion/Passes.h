// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PUMICE_LIB_CONVERSION_PASSES_H
#define PUMICE_LIB_CONVERSION_PASSES_H

#include "dialects/AP/AP.h"
#include "dialects/Crossbar/Crossbar.h"
#include "dialects/PUM/PUM.h"
#include "dialects/Simulator/Simulator.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

namespace pumice {
#define GEN_PASS_DECL
#include "lib/Conversion/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "lib/Conversion/Passes.h.inc"
} // namespace pumice

#endif // PUMICE_LIB_CONVERSION_PASSES_H

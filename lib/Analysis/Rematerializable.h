// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Rematerializable.h - Ops that are cloned into regions ----*- C++ -*-===//
//
// Isolated regions (tasks, nonlinear functions) get their own clones of ops
// that cost almost nothing.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_ANALYSIS_REMATERIALIZABLE_H
#define PUMICE_LIB_ANALYSIS_REMATERIALIZABLE_H

#include "mlir/IR/Operation.h"

namespace pumice {

enum class RepeatedConstants { all, uniform };

/// True for constants (all, or scalars and tensors of one value), empty
/// tensors, their reshapes, and fills of these by constants.
bool isRepeated(mlir::Operation *op, RepeatedConstants constants);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_REMATERIALIZABLE_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RegisterTile.h - Reductions with sums in registers -------*- C++ -*-===//
#ifndef PUMICE_LIB_DIGITAL_REGISTERTILE_H
#define PUMICE_LIB_DIGITAL_REGISTERTILE_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace pumice::digital {

/// Lowers reducing linalg.generic ops on buffers (matrix products,
/// convolutions, row sums) to loops around a tile of accumulators that stay in
/// registers over the whole reduction. Every output element accumulates in the
/// order of the op's reduction loops, with the scalar ops of its payload: the
/// numbers are those of the plain loop nest. Ops whose accesses do not fit
/// (strided windows) are left alone. `vectorBytes`: width of a register.
std::unique_ptr<mlir::Pass> createRegisterTilePass(unsigned vectorBytes);

} // namespace pumice::digital

#endif // PUMICE_LIB_DIGITAL_REGISTERTILE_H

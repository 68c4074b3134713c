// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SplitSums.h - Products of concatenations -----------------*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_AP_SPLITSUMS_H
#define PUMICE_LIB_TRANSFORMS_AP_SPLITSUMS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace pumice {

/// Replaces a product of a concatenation, of which all parts but one hold one
/// number each, with constant words: by the product of that part and a number
/// that is added to each word. Only if all sums are exact, so that results are
/// the same. Returns whether it did, and has erased `op`.
bool splitSum(mlir::linalg::MatmulOp op);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_AP_SPLITSUMS_H

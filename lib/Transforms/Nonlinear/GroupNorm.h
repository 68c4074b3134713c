// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- GroupNorm.h - Group norms as a scale and a shift ---------*- C++ -*-===//
//
// PyTorch writes an affine group norm as x * a + b, where a = scale / std and b
// = shift - mean * a are computed in a shape with a separate dimension for the
// groups.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_TRANSFORMS_NONLINEAR_GROUPNORM_H
#define PUMICE_LIB_TRANSFORMS_NONLINEAR_GROUPNORM_H

#include "lib/Transforms/Nonlinear/Arithmetic.h"
#include "llvm/ADT/SetVector.h"

namespace pumice {

/// Replaces gathers whose constant indices keep the order of elements by
/// reshapes.
void reshapeGathers(mlir::Block &block);

struct GroupNorm {
  mlir::Value argument;
  llvm::SetVector<mlir::Operation *> ops; ///< including the root
  int64_t groups = 0;
  double epsilon = 0;
};

/// Matches the group norm that ends at `root`, whose view is `outer`.
std::optional<GroupNorm>
matchGroupNorm(mlir::OpResult root, arithmetic::View &outer,
               llvm::function_ref<bool(mlir::Operation *)> isBoundary);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_NONLINEAR_GROUPNORM_H

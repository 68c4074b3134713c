// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- SumPoolings.h - Windows of poolings, and sums over them --*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_AP_SUMPOOLINGS_H
#define PUMICE_LIB_TRANSFORMS_AP_SUMPOOLINGS_H

#include "dialects/AP/AP.h"
#include "lib/Model/Machine/DeviceSpec.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

#include <optional>

namespace pumice {

/// The windows of a pooling of images [N, C, H, W].
struct Windows {
  llvm::SmallVector<int64_t> kernel, strides, dilations;

  /// Whether the window positions of `input` are exactly those of `output`.
  bool give(mlir::RankedTensorType input, llvm::ArrayRef<int64_t> padding,
            mlir::RankedTensorType output) const;
};
/// The windows of a reduction of its first input over those of its second.
std::optional<Windows> matchWindows(mlir::linalg::GenericOp op);

/// The sum of quantized values over windows, or over whole images, as a
/// convolution of each channel with weights of 1 before `op`, if it is one that
/// processors take: values of at most `elementwiseBits` bits, and columns for a
/// window (`isAcross`: of values across columns). Null if not. What divides the
/// sum is a function of it, like what follows any layer.
ap::Conv2DOp sumPoolingBefore(mlir::RewriterBase &rewriter,
                              mlir::linalg::GenericOp op,
                              const model::APSpec &ap, bool isAcross);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_AP_SUMPOOLINGS_H

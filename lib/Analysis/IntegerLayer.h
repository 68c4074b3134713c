// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- IntegerLayer.h - Integer layers in linalg ----------------*- C++ -*-===//
//
// Matchers that the conversions from L1 to the dialects of units share: which
// linalg ops are integer layers, which surrounding ops belong to them, and
// which kinds of units can compute them.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_ANALYSIS_INTEGERLAYER_H
#define PUMICE_LIB_ANALYSIS_INTEGERLAYER_H

#include "dialects/Crossbar/Crossbar.h"
#include "lib/Analysis/TernaryWeights.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"
#include <optional>
#include <string>

namespace pumice {

/// An integer layer: a `linalg.conv_2d_nchw_fchw_q`,
/// `linalg.conv_2d_ngchw_gfchw_q`, `linalg.quantized_matmul` or
/// `linalg.quantized_batch_matmul`, with the widening, the padding and the
/// split into groups of its input.
struct IntegerLayer {
  mlir::linalg::LinalgOp op;
  mlir::Value input;   ///< before widening, padding and grouping
  mlir::Value weights; ///< as in the op
  bool isUnsigned = false;
  bool flipsWeights = false; ///< unsigned weights, to be made signed
  int64_t inputZeroPoint = 0;
  int64_t weightZeroPoint = 0;
  llvm::SmallVector<int64_t> padding{0, 0, 0, 0}; ///< top, left, bottom, right

  bool isMatrixProduct() const;
  bool isBatched() const;
  bool isGrouped() const;

  /// Outputs of all groups.
  int64_t outputs() const;
  /// Groups of a convolution.
  int64_t groups() const;
  /// Width of the input's values, from the op that quantizes it, including its
  /// zero point.
  int64_t inputBits() const;
  /// The window of a convolution; without an attribute, strides and dilations
  /// are ones.
  crossbar::WindowAttr window() const;
};

/// Matches `op` as a layer. If the op looks like a layer but is not supported,
/// sets `why` to the reason. `temporary`: weights may be written at run time.
std::optional<IntegerLayer> matchIntegerLayer(mlir::linalg::LinalgOp op,
                                              bool temporary, std::string &why);

/// The reason why a product does not match `matchIntegerLayer`; empty for ops
/// that are not products.
std::string whyNoIntegerLayer(mlir::linalg::LinalgOp op);

/// The ternary weights of `layer`, with filters or rows of a matrix first. If
/// associative processors do not support the layer, sets `why` to the reason.
std::optional<Ternary> matchTernaryLayer(const IntegerLayer &layer,
                                         std::string &why);

/// Replaces a layer's op by an op on [N, C, H, W] or on matrices: `build`
/// creates it from the input with groups collapsed, for a result of the given
/// type. Splits its channels again, and adds the initial value of the layer's
/// op.
void replaceIntegerLayer(mlir::RewriterBase &rewriter,
                         const IntegerLayer &layer,
                         llvm::function_ref<mlir::Value(
                             mlir::Value input, mlir::RankedTensorType type)>
                             build);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_INTEGERLAYER_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- IntegerLayer.h - Integer layers in linalg ----------------*- C++ -*-===//
//
// What the conversions of L1 to the dialects of units share: which linalg ops
// are integer layers, what of their surroundings belongs to them, and which
// kind of unit can compute them.
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
  /// Bits that hold the values that the input can have, by what quantizes it,
  /// and its zero point.
  int64_t inputBits() const;
  /// The window of a convolution; without an attribute, strides and dilations
  /// are ones.
  crossbar::WindowAttr window() const;
};

/// Reads `op` as a layer; otherwise `why` says what is in the way, when the op
/// looks like one. `temporary`: weights may be written at run time.
std::optional<IntegerLayer> matchIntegerLayer(mlir::linalg::LinalgOp op,
                                              bool temporary, std::string &why);

/// Why a product has not become what `matchIntegerLayer` takes; empty for what
/// is no product.
std::string whyNoIntegerLayer(mlir::linalg::LinalgOp op);

/// The weights of `layer` as ternary ones, filters or rows of a matrix in
/// front; otherwise `why` says why associative processors do not take it.
std::optional<Ternary> matchTernaryLayer(const IntegerLayer &layer,
                                         std::string &why);

/// Replaces a layer's op by an op on [N, C, H, W] or on matrices: `build` makes
/// it of the input with groups collapsed, for a result of the given type.
/// Splits its channels again, and adds what the layer's op adds to.
void replaceIntegerLayer(mlir::RewriterBase &rewriter,
                         const IntegerLayer &layer,
                         llvm::function_ref<mlir::Value(
                             mlir::Value input, mlir::RankedTensorType type)>
                             build);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_INTEGERLAYER_H

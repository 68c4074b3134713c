// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Quantized.h - Matching quantize and dequantize -----------*- C++ -*-===//
//
// PT2E's quantize_per_tensor, dequantize_per_tensor and dequantize_per_channel
// arrive from torch-mlir as linalg.generic ops. These matchers read the
// arithmetic of such an op, not its name, so they also match the same
// arithmetic from other producers.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_ANALYSIS_QUANTIZED_H
#define PUMICE_LIB_ANALYSIS_QUANTIZED_H

#include "lib/Analysis/CodeRange.h"
#include "lib/Analysis/Constants.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <optional>

namespace pumice {

/// `(codes - zeroPoint) * scale`, elementwise.
struct Dequantize {
  mlir::linalg::GenericOp op;
  mlir::Value codes;
  bool isUnsigned = false;
  int64_t zeroPoint = 0;
  float scale = 0;    ///< of the whole tensor, when `scales` is null
  mlir::Value scales; ///< per index of dimension `axis`, f32 of rank 1
  unsigned axis = 0;
};

/// `clamp(roundeven(x / scale) + zeroPoint, range)`, elementwise, to integers.
struct Quantize {
  mlir::linalg::GenericOp op;
  mlir::Value input;
  bool isUnsigned = false;
  int64_t zeroPoint = 0;
  float scale = 0;
  IntegerRange range;
};

/// Matches `op`. If it has the form of a dequantize but is not supported, sets
/// `why` to the reason.
std::optional<Dequantize> matchDequantize(mlir::Operation *op,
                                          std::string *why = nullptr);
std::optional<Quantize> matchQuantize(mlir::Operation *op);

/// What a generic yields, as `clamp(roundeven(value / scale) + zeroPoint,
/// range)`: a quantize, or a longer body that ends in one.
struct Rounding {
  mlir::Value value;
  bool isUnsigned = false;
  int64_t zeroPoint = 0;
  float scale = 0;
  IntegerRange range;
};
std::optional<Rounding> matchRounding(mlir::linalg::GenericOp op);

/// Quantized values behind a float value, reached through data movement ops
/// (DataMovement.h); `moves` starts at the dequantize.
struct MovedCodes {
  Dequantize dequantize;
  llvm::SmallVector<mlir::Operation *> moves;
};
std::optional<MovedCodes> traceCodes(mlir::Value value,
                                     std::string *why = nullptr);

/// A float layer that has an integer form: a convolution or matrix product of
/// activations `input` with constant weights `weights`.
struct QuantizedLayer {
  mlir::linalg::LinalgOp op;
  MovedCodes input, weights;
  /// For weights quantized per channel, the index of the scale of each output
  /// channel; empty if it is the channel's index.
  llvm::SmallVector<int64_t> scaleOf;
};
std::optional<QuantizedLayer> matchQuantizedLayer(mlir::Operation *op,
                                                  std::string *why = nullptr);

/// A float matrix product, or a batch of them, of two quantized tensors with
/// one scale each. Layers with constant weights are QuantizedLayers.
struct QuantizedProduct {
  mlir::linalg::LinalgOp op;
  MovedCodes left, right;
};
std::optional<QuantizedProduct>
matchQuantizedProduct(mlir::Operation *op, std::string *why = nullptr);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_QUANTIZED_H

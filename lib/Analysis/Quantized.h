// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Quantized.h - Recognising quantize and dequantize --------*- C++ -*-===//
//
// PT2E's quantize_per_tensor, dequantize_per_tensor and dequantize_per_channel
// arrive from torch-mlir as linalg.generic ops. These matchers read the
// arithmetic of such an op, not its name, so that other producers that write
// the same arithmetic are understood too.
//
//===----------------------------------------------------------------------===//
#ifndef PUMICE_LIB_ANALYSIS_QUANTIZED_H
#define PUMICE_LIB_ANALYSIS_QUANTIZED_H

#include "lib/Support/IntegerRange.h"
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

/// `clamp(roundeven(x / scale) + zeroPoint, range)`, elementwise, to integer
/// codes.
struct Quantize {
  mlir::linalg::GenericOp op;
  mlir::Value input;
  bool isUnsigned = false;
  int64_t zeroPoint = 0;
  float scale = 0;
  IntegerRange range;
};

/// Matches `op`; when it is a dequantize by shape but not one that is
/// supported, `why` says so.
std::optional<Dequantize> matchDequantize(mlir::Operation *op,
                                          std::string *why = nullptr);
std::optional<Quantize> matchQuantize(mlir::Operation *op);

/// The codes that `value`, of integers read as `isUnsigned` says, can hold: by
/// the clamp of the op that quantizes them, by the data of a constant, or by
/// their type; through moves, concatenations and maximum poolings.
IntegerRange rangeOfCodes(mlir::Value value, bool isUnsigned);

/// Codes reached from a float value through ops that only move elements
/// (Moves.h): `moves` from the dequantize outwards.
struct MovedCodes {
  Dequantize dequantize;
  llvm::SmallVector<mlir::Operation *> moves;
};
std::optional<MovedCodes> traceCodes(mlir::Value value,
                                     std::string *why = nullptr);

/// A float layer that has an integer form: a convolution or matrix product of
/// activations `input` and constant weights `weights`.
struct QuantizedLayer {
  mlir::linalg::LinalgOp op;
  MovedCodes input, weights;
  /// For weights quantized per channel, the index of the scale of each output
  /// channel; empty when that is the channel's own.
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

/// The integer that every element of a constant `value` has, if there is one
/// and the data is there.
std::optional<int64_t> uniformInteger(mlir::Value value);

/// The f32 data of a constant of rank 1, if it is there.
std::optional<llvm::SmallVector<float>> floatData(mlir::Value value);

/// True for arith.constant behind any number of moves.
bool isConstantData(mlir::Value value);

} // namespace pumice

#endif // PUMICE_LIB_ANALYSIS_QUANTIZED_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RaiseQuantizedOps.h - Parts of raise-quantized-ops -------*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_LINALG_RAISEQUANTIZEDOPS_H
#define PUMICE_LIB_TRANSFORMS_LINALG_RAISEQUANTIZEDOPS_H

#include "lib/Analysis/Quantized.h"

#include "mlir/IR/PatternMatch.h"

namespace pumice {

/// Builds `code - zeroPoint` in i32 for one quantized value in the body of a
/// generic.
mlir::Value buildOffsetCode(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value code, const Dequantize &dequantize);

/// Builds the per-tensor `dequantize` for other quantized values (or sums, in
/// i32).
mlir::Value buildDequantize(mlir::OpBuilder &builder, mlir::Value codes,
                            const Dequantize &dequantize);

/// Rewrites move(dequantize(x)) -> dequantize(move(x)), and likewise for
/// concatenations with equal parameters and for single elements that a generic
/// extracts. Returns true if `op` was replaced or changed.
bool sinkDequantize(mlir::RewriterBase &rewriter, mlir::Operation *op);

/// Rewrites quantize(dequantize(x)) -> x, and quantize(move(x)) ->
/// move(quantize(x)) if the intermediate value has no other user.
void hoistQuantize(mlir::RewriterBase &rewriter, const Quantize &quantize);

/// Rewrites max_pool(dequantize(x)) -> dequantize(max_pool(x)). Scales are
/// positive, so quantized values have the order of their reals. A pad by -inf
/// becomes a pad by the smallest quantized value, which never exceeds the
/// element that every window has.
void raiseMaxPool(mlir::RewriterBase &rewriter, mlir::linalg::PoolingNchwMaxOp);

/// Rewrites sum(dequantize(x)) -> scale * sum(x - zero point), summed in i32,
/// for poolings and reductions by addition. Returns false for other ops.
bool raiseSum(mlir::RewriterBase &rewriter, mlir::linalg::LinalgOp op);

/// Builds the integer product, rescaled to the op's float result.
mlir::Value raiseProduct(mlir::RewriterBase &rewriter,
                         const QuantizedProduct &product);

/// Repeats the data movement ops of a float value on its quantized values: a
/// pad by 0.0 becomes a pad by the zero point.
mlir::Value moveCodes(mlir::OpBuilder &builder, const MovedCodes &moved);

/// The initial value of a float layer's result, or null if it is zero.
mlir::Value nonZeroInit(mlir::linalg::LinalgOp op);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_LINALG_RAISEQUANTIZEDOPS_H

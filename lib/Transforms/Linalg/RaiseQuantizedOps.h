// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RaiseQuantizedOps.h - Parts of raise-quantized-ops -------*- C++ -*-===//
#ifndef PUMICE_LIB_TRANSFORMS_LINALG_RAISEQUANTIZEDOPS_H
#define PUMICE_LIB_TRANSFORMS_LINALG_RAISEQUANTIZEDOPS_H

#include "lib/Analysis/Quantized.h"

#include "mlir/IR/PatternMatch.h"

namespace pumice {

/// `code - zeroPoint` in i32, of one code in the body of a generic.
mlir::Value buildOffsetCode(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value code, const Dequantize &dequantize);

/// `dequantize`, which is per tensor, on other codes (or sums, in i32).
mlir::Value buildDequantize(mlir::OpBuilder &builder, mlir::Value codes,
                            const Dequantize &dequantize);

/// move(dequantize(x)) -> dequantize(move(x)) and the like for concatenations
/// of codes of equal parameters, and for single elements that a generic
/// extracts. True if `op` was replaced or changed.
bool sinkDequantize(mlir::RewriterBase &rewriter, mlir::Operation *op);

/// quantize(dequantize(x)) -> x, and quantize(move(x)) -> move(quantize(x)),
/// where nothing else reads what is in between.
void hoistQuantize(mlir::RewriterBase &rewriter, const Quantize &quantize);

/// max_pool(dequantize(x)) -> dequantize(max_pool(x)): scales are positive, so
/// the order of codes is that of their values. A pad by -inf becomes one by the
/// least code, which never exceeds the element that every window has.
void raiseMaxPool(mlir::RewriterBase &rewriter, mlir::linalg::PoolingNchwMaxOp);

/// sum(dequantize(x)) -> scale * sum(x - zero point), summed in i32: poolings
/// and reductions by addition. False when `op` is none.
bool raiseSum(mlir::RewriterBase &rewriter, mlir::linalg::LinalgOp op);

/// The product on integer codes, rescaled to the op's float result.
mlir::Value raiseProduct(mlir::RewriterBase &rewriter,
                         const QuantizedProduct &product);

/// Repeats the moves of a float value on its codes: a pad by 0.0 becomes a pad
/// by the zero point.
mlir::Value moveCodes(mlir::OpBuilder &builder, const MovedCodes &moved);

/// What a float layer adds to, or null when it is zero.
mlir::Value nonZeroInit(mlir::linalg::LinalgOp op);

} // namespace pumice

#endif // PUMICE_LIB_TRANSFORMS_LINALG_RAISEQUANTIZEDOPS_H

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RaiseProducts.cpp - Products of two quantized activations ----------===//
//
// Attention multiplies activations by activations: query by key, weights by
// value. Both factors are quantized, each with its own scale and zero point.
//
//===----------------------------------------------------------------------===//
#include "lib/Transforms/Linalg/RaiseQuantizedOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace pumice;

/// The largest |code - zero point|.
static int64_t magnitude(const Dequantize &codes) {
  int64_t low = codes.isUnsigned ? 0 : -128,
          high = codes.isUnsigned ? 255 : 127;
  return std::max(high - codes.zeroPoint, codes.zeroPoint - low);
}

std::optional<QuantizedProduct>
pumice::matchQuantizedProduct(Operation *op, std::string *why) {
  auto matmul = dyn_cast<linalg::MatmulOp>(op);
  auto batched = dyn_cast<linalg::BatchMatmulOp>(op);
  if ((!matmul && !batched) || (matmul && matmul.hasUserDefinedMaps()) ||
      (batched && batched.hasUserDefinedMaps()))
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.getElementType().isF32())
    return std::nullopt;
  auto product = cast<linalg::LinalgOp>(op);
  std::optional<MovedCodes> factors[2];
  for (unsigned i : {0, 1}) {
    std::string whyNot;
    factors[i] = traceCodes(product.getDpsInputOperand(i)->get(), &whyNot);
    if (!factors[i]) {
      if (why && !whyNot.empty())
        *why = whyNot;
      return std::nullopt;
    }
  }
  auto unsupported = [&](StringRef text) -> std::optional<QuantizedProduct> {
    if (why)
      *why = text.str();
    return std::nullopt;
  };
  const Dequantize &left = factors[0]->dequantize;
  const Dequantize &right = factors[1]->dequantize;
  if (matmul && isConstantData(right.codes))
    return std::nullopt; // a layer, or an op that is not a layer for a reason
  if (left.scales || right.scales)
    return unsupported("a factor is quantized per channel");
  int64_t terms =
      cast<RankedTensorType>(product.getDpsInputOperand(0)->get().getType())
          .getShape()
          .back();
  if (terms > std::numeric_limits<int32_t>::max() /
                  std::max<int64_t>(magnitude(left) * magnitude(right), 1))
    return unsupported("its sums take more than 32 bits");
  return QuantizedProduct{product, *factors[0], *factors[1]};
}

Value pumice::raiseProduct(RewriterBase &rewriter,
                           const QuantizedProduct &product) {
  linalg::LinalgOp op = product.op;
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  const Dequantize &left = product.left.dequantize;
  const Dequantize &right = product.right.dequantize;
  auto codesOf = [&](const MovedCodes &moved) -> Value {
    Value codes = moveCodes(rewriter, moved);
    if (!moved.dequantize.isUnsigned)
      return codes;
    auto wide =
        cast<RankedTensorType>(codes.getType()).clone(rewriter.getI16Type());
    return arith::ExtUIOp::create(rewriter, loc, wide, codes);
  };
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(rewriter, loc,
                                     rewriter.getI32IntegerAttr(value));
  };
  SmallVector<Value> inputs{codesOf(product.left), codesOf(product.right),
                            constant(left.zeroPoint),
                            constant(right.zeroPoint)};
  Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                        rewriter.getI32Type());
  Value zeros =
      linalg::FillOp::create(rewriter, loc, constant(0), empty).getResult(0);
  Type accumulators = zeros.getType();
  Value sums = isa<linalg::MatmulOp>(op)
                   ? linalg::QuantizedMatmulOp::create(
                         rewriter, loc, TypeRange(accumulators), inputs, zeros)
                         .getResult(0)
                   : linalg::QuantizedBatchMatmulOp::create(
                         rewriter, loc, TypeRange(accumulators), inputs, zeros)
                         .getResult(0);

  // float(acc) * (left scale * right scale) [+ init], one rounding per step.
  unsigned rank = type.getRank();
  SmallVector<Value> operands{sums};
  Value init = nonZeroInit(op);
  if (init)
    operands.push_back(init);
  SmallVector<AffineMap> maps(operands.size() + 1,
                              rewriter.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  Value result = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                         type.getElementType());
  auto generic = linalg::GenericOp::create(
      rewriter, loc, type, operands, result, maps, loops,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value scale = arith::ConstantOp::create(
            b, loc, b.getF32FloatAttr(left.scale * right.scale));
        Value value = arith::SIToFPOp::create(b, loc, b.getF32Type(), args[0]);
        value = arith::MulFOp::create(b, loc, value, scale);
        if (init)
          value = arith::AddFOp::create(b, loc, value, args[1]);
        linalg::YieldOp::create(b, loc, value);
      });
  return generic.getResult(0);
}
